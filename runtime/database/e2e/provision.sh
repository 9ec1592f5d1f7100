#!/usr/bin/env bash
# Makes the folder that the databases' tests run in: a small Debian with
# PostgreSQL and MariaDB. How, and what the exit codes say, stands in
# .ci/debian.sh.
#
#   E2E_DATABASES  the folder (default: .e2e/databases at the top of the repository)
#   E2E_MIRROR     the Debian mirror (default: the one that apt uses here)
#   -f             make it anew
set -euo pipefail

top=$(cd -- "$(dirname -- "$0")/../../.." && pwd)
variable=E2E_DATABASES
root=$(realpath -m -- "${E2E_DATABASES:-$top/.e2e/databases}")
verdict=$top/.e2e/databases-unavailable
purpose="DATABASE SERVERS"

suite=stable
packages=(postgresql mariadb-server)
want="v1 $suite ${packages[*]}"
apt_options=(-q -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o APT::Sandbox::User=root)

prepare() {
  mkdir -p "$part/etc/postgresql-common"
  printf 'create_main_cluster = false\n' >"$part/etc/postgresql-common/createcluster.conf"
}

# The servers' data lies in there; they run as an ordinary user.
finish() {
  mkdir -p "$part/e2e"
  chmod 1777 "$part/e2e"
}

# shellcheck source=../../../.ci/debian.sh
. "$top/.ci/debian.sh"
provide "$@"
