#!/usr/bin/env bash
# Runs the tests of the database and the store on PostgreSQL and MariaDB: run.sh
# [arguments for go test, like -v -run TestStopped]. Exit code 75 says that the
# archive cannot provide the servers today.
set -euo pipefail

# The tests run in another folder, so make paths absolute.
for name in E2E_DATABASES E2E_ROOT; do
  [[ -z ${!name:-} ]] || export "$name=$(realpath -m -- "${!name}")"
done
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export E2E_DATABASES=${E2E_DATABASES:-$(realpath -m ../../../.e2e/databases)}
./provision.sh
# Some tests also use Spectrum 2. They are skipped if it is not available today.
export E2E_ROOT=${E2E_ROOT:-$(realpath -m ../../../.e2e/root)}
../../../cmd/spectrum2_lua_backend/e2e/provision.sh || [[ $? == 75 ]]
cd ../../..
exec go test -tags e2e -count=1 -timeout 10m "$@" ./runtime/database/e2e/...
