#!/usr/bin/env bash
# Runs the tests of the database and the store on PostgreSQL and MariaDB: run.sh
# [arguments for go test, like -v -run TestStopped]. Exit code 75 says that the
# archive cannot provide the servers today.
set -euo pipefail

if [[ -n ${E2E_DATABASES:-} ]]; then
  E2E_DATABASES=$(realpath -m -- "$E2E_DATABASES")
fi
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export E2E_DATABASES=${E2E_DATABASES:-$(realpath -m ../../../.e2e/databases)}
./provision.sh
cd ../../..
exec go test -tags e2e -count=1 -timeout 10m "$@" ./runtime/database/e2e/...
