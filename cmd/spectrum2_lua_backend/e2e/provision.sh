#!/usr/bin/env bash
# Makes the folder that the end-to-end tests run in: a small Debian with
# Spectrum 2, Prosody, ngIRCd, slixmpp and the C++ backends to compare with. Without
# the packages of extras, some tests are skipped; run.sh ends with their names.
# .ci/debian.sh explains the method and the exit codes.
#
#   E2E_ROOT    the folder (default: .e2e/root at the top of the repository)
#   E2E_MIRROR  the Debian mirror (default: the one that apt uses here)
#   -f          create it again
set -euo pipefail

top=$(cd -- "$(dirname -- "$0")/../../.." && pwd)
variable=E2E_ROOT
root=$(realpath -m -- "${E2E_ROOT:-$top/.e2e/root}")
verdict=$top/.e2e/unavailable
purpose="SPECTRUM 2"

suite=sid           # the only one with spectrum2 …
older=trixie        # … which still wants this one's boost
packages=(spectrum2 spectrum2-backend-libcommuni spectrum2-backend-swiften
          prosody ngircd python3-slixmpp)
extras=(prosody-modules ejabberd profanity ergochat tmux)
want="v2 $suite+$older ${packages[*]} ${extras[*]}"
apt_options=(-q -o Acquire::Retries=3 -o Acquire::http::Timeout=30
             -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root)

prepare() { printf 'deb %s %s main\n' "$1" "$suite" "$1" "$older" >"$part/etc/apt/sources.list"; }

finish() { mkdir -p "$part/run/e2e"; }

# shellcheck source=../../../.ci/debian.sh
. "$top/.ci/debian.sh"
provide "$@"
