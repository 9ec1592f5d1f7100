#!/usr/bin/env bash
# Runs the tests of the packages: packages_run.sh [arguments for go test]. E2E_PACKAGES is
# the folder of `make packages`, E2E_IMAGE that of `make image`, and E2E_NFPM the tool that
# builds packages, with its version. Exit code 75 means that the archive cannot provide
# the stable Debian today.
set -euo pipefail

# The tests run in another folder, so make paths absolute.
for name in E2E_ROOT E2E_STABLE E2E_PACKAGES E2E_IMAGE; do
  [[ -z ${!name:-} ]] || export "$name=$(realpath -m -- "${!name}")"
done
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export E2E_STABLE=${E2E_STABLE:-$(realpath -m ../../../.e2e/stable)}
export E2E_ROOT=${E2E_ROOT:-$(realpath -m ../../../.e2e/root)}
./packages_provision.sh
# The test with Spectrum 2 is skipped if that is not available today.
if ! ./provision.sh; then
  [[ -e ../../../.e2e/unavailable ]] || exit 1
  rm -f ../../../.e2e/unavailable
  export E2E_ROOT=$E2E_STABLE
fi
cd ../../..
# The tests use the programs of the packages.
export E2E_BIN=/nonexistent
if [[ ! -e /sys/fs/cgroup/cgroup.procs && ! -e /sys/fs/cgroup/unified/cgroup.procs ]]; then
  printf '%s\n' "" "************************************************************************" \
    "NOT TESTED HERE: systemd needs control groups of version 2. The tests that install" \
    "the packages are skipped." \
    "************************************************************************" >&2
fi
exec go test -tags e2e,packages -count=1 -timeout 15m -run '^TestPackages' "$@" ./cmd/spectrum2_lua_backend/e2e/...
