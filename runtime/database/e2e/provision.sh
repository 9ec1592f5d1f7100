#!/usr/bin/env bash
# Makes the folder that the databases' tests run in: a small Debian with
# PostgreSQL and MariaDB. It is kept between runs; a second run only looks at
# the stamp.
#
#   E2E_DATABASES  the folder (default: .e2e/databases at the top of the repository)
#   E2E_MIRROR     the Debian mirror (default: the one that apt uses here)
#   -f             make it anew
#
# Exit codes: 0 the folder is ready; 75 the archive cannot provide it today, or
# cannot be reached (then .e2e/databases-unavailable at the top of the repository
# says so, too); anything else is an error in here or in how it was called.
set -euo pipefail

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
root=$(realpath -m -- "${E2E_DATABASES:-$top/.e2e/databases}")
part=$root.part
log=$root.log
verdict=$top/.e2e/databases-unavailable

suite=stable
packages=(postgresql mariadb-server)
want="v1 $suite ${packages[*]}" # whatever changes what is in the folder belongs in here
apt_options=(-q -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o APT::Sandbox::User=root)

say() { printf 'provision: %s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

unavailable() {
  mkdir -p "$(dirname -- "$verdict")"
  printf '%s\n' "$*" >"$verdict"
  say "NO DATABASE SERVERS TODAY: $* (the whole log: $log)"
  exit 75 # EX_TEMPFAIL
}

# run WHAT COMMAND… logs the command and gives its failure to the archive.
run() {
  local what=$1
  shift
  printf '\n+ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null && return
  tail -n 15 -- "$log" >&2
  unavailable "$what failed"
}

# A folder is thrown away only if it is ours and nothing is mounted in it.
discard() {
  [[ -e $1 ]] || return 0
  ! awk -v d="$1" '$5 == d || index($5, d "/") == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo ||
    die "something is mounted below $1: umount it first"
  [[ -e $1/.e2e-root || -z $(ls -A -- "$1") ]] || die "$1 was not made by this script: remove it yourself"
  rm -rf --one-file-system -- "$1"
}

# The first Debian mirror of apt's configuration, whatever format that is in.
find_mirror() {
  if [[ -n ${E2E_MIRROR:-} ]]; then
    printf '%s\n' "$E2E_MIRROR"
    return
  fi
  # shellcheck disable=SC2016 # these are apt's variables, not the shell's
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(CREATED_BY)' 2>/dev/null |
    awk '$1 ~ /debian\/?$/ && $2 == "main" && $3 == "Packages" && !seen++ { print $1 }'
}

# The proxy that apt goes through, for debootstrap and the apt inside.
use_proxy() {
  local proxy
  proxy=$(apt-config shell p Acquire::http::Proxy 2>/dev/null | sed -n "s/^p='\(.*\)'$/\1/p")
  [[ -z $proxy || $proxy == DIRECT ]] || export http_proxy=${http_proxy:-$proxy}
}

need_debootstrap() {
  command -v debootstrap >/dev/null && return
  run "apt-get update" apt-get "${apt_options[@]}" update
  run "installing debootstrap" env DEBIAN_FRONTEND=noninteractive \
    apt-get "${apt_options[@]}" install -y --no-install-recommends debootstrap
}

in_part() { chroot "$part" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"; }

provision() {
  local mirror
  : >"$log"
  use_proxy
  mirror=$(find_mirror)
  [[ -n $mirror ]] || die "no Debian mirror in apt's configuration: set E2E_MIRROR"
  need_debootstrap
  discard "$part"
  mkdir -p "$part"
  : >"$part/.e2e-root"
  say "making $root from $suite (a minute or two; log in $log)"
  run "debootstrap $suite" debootstrap --variant=minbase "$suite" "$part" "$mirror"
  # No service may start in there, and nothing has to survive a power cut.
  printf '#!/bin/sh\nexit 101\n' >"$part/usr/sbin/policy-rc.d"
  chmod 755 "$part/usr/sbin/policy-rc.d"
  printf 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' \
    >"$part/etc/dpkg/dpkg.cfg.d/e2e"
  mkdir -p "$part/etc/postgresql-common"
  printf 'create_main_cluster = false\n' >"$part/etc/postgresql-common/createcluster.conf"
  mount -t proc proc "$part/proc"
  run "installing ${packages[*]}" in_part apt-get "${apt_options[@]}" install -y --no-install-recommends "${packages[@]}"
  in_part apt-get clean
  in_part dpkg-query -W "${packages[@]}" >>"$log"
  umount "$part/proc"
  # The servers' data lies below here; they run as an ordinary user.
  mkdir -p "$part/e2e"
  chmod 1777 "$part/e2e"
  printf '%s\n' "$want" >"$part/.e2e-root"
  discard "$root"
  mv -- "$part" "$root"
}

ready() { [[ -f $root/.e2e-root && $(<"$root/.e2e-root") == "$want" ]]; }

main() {
  [[ ${1:-} == "" || ${1:-} == -f ]] || die "usage: provision.sh [-f]"
  rm -f -- "$verdict"
  mkdir -p "$(dirname -- "$root")"
  # Shared with the tests, which hold it while they run in there.
  exec 9>"$root.lock"
  if [[ ${1:-} != -f ]] && flock -s -n 9 && ready; then
    return
  fi
  [[ $(id -u) == 0 ]] || die "has to be root, for chroot"
  flock -w 900 9 || die "another run holds $root.lock"
  [[ ${1:-} != -f ]] && ready && return
  unshare --mount true || die "may not mount: needs CAP_SYS_ADMIN"
  # A mount namespace of its own: what is mounted in there ends with it, however
  # that comes.
  E2E_DATABASES=$root E2E_INSIDE=1 unshare --mount --propagation private -- "$BASH" "${BASH_SOURCE[0]}"
}

if [[ -n ${E2E_INSIDE:-} ]]; then
  provision
  exit
fi
started=$SECONDS
main "$@"
say "$root is ready ($((SECONDS - started)) s)"
