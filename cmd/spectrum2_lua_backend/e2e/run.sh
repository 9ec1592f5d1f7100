#!/usr/bin/env bash
# Runs the end-to-end tests: run.sh [arguments for go test, like -v -run TestEcho].
# Exit code 75 means that the archive cannot provide Spectrum 2 today.
set -euo pipefail

# The tests run in another folder, so make paths absolute.
for name in E2E_ROOT E2E_DATABASES E2E_BIN; do
  [[ -z ${!name:-} ]] || export "$name=$(realpath -m -- "${!name}")"
done
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
./provision.sh
cd ../../..
# Some tests also use PostgreSQL and MariaDB. They are skipped if those are not available today.
export E2E_DATABASES=${E2E_DATABASES:-$PWD/.e2e/databases}
runtime/database/e2e/provision.sh || [[ $? == 75 ]]
# Tests wait most of the time, so run more of them than there are cores.
status=0
go test -tags e2e -count=1 -timeout 25m -parallel 6 "$@" ./cmd/spectrum2_lua_backend/e2e/... || status=$?
missing=$(tr '\n' ' ' <"${E2E_ROOT:-.e2e/root}/.e2e-missing")
[[ -e $E2E_DATABASES/.e2e-root ]] || missing+="PostgreSQL and MariaDB"
if [[ -n $missing ]]; then
  printf '%s\n' "" "************************************************************************" \
    "NOT TESTED TODAY: the Debian archive did not provide $missing" \
    "The tests that need them were skipped. provision.sh -f tries again." \
    "************************************************************************" >&2
fi
exit "$status"
