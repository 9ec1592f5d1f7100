#!/usr/bin/env bash
# Makes the folder in which TestPackages installs spectrum2-lua: the stable Debian with
# systemd, Prosody and the client of the tests. What needs lintian, rpm, qemu-user or buildah
# (with netavark) is skipped without them.
# .ci/debian.sh explains the method and the exit codes.
#
#   E2E_STABLE  the folder (default: .e2e/stable at the top of the repository)
#   E2E_MIRROR  the Debian mirror (default: the one that apt uses here)
#   -f          create it again
set -euo pipefail

top=$(cd -- "$(dirname -- "$0")/../../.." && pwd)
variable=E2E_STABLE
root=$(realpath -m -- "${E2E_STABLE:-$top/.e2e/stable}")
verdict=$top/.e2e/packages-unavailable
purpose="THE STABLE DEBIAN"

suite=stable
packages=(systemd dbus adduser prosody openssl sqlite3 python3-slixmpp)
extras=(lintian rpm qemu-user buildah netavark)
want="v1 $suite ${packages[*]} ${extras[*]}"
apt_options=(-q -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o APT::Sandbox::User=root)

prepare() { :; }

finish() { :; }

# shellcheck source=../../../.ci/debian.sh
. "$top/.ci/debian.sh"
provide "$@"
