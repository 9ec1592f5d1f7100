# shellcheck shell=bash disable=SC2154 # the script that sources this sets the variables
# Creates the folder in which an end-to-end suite runs: a small Debian with the
# packages that it needs. The suites' provision.sh sources this file. It sets
#
#   root         the folder, an absolute path
#   variable     the name of the environment variable for root
#   verdict      a file for the reason if the folder cannot be created today
#   suite        the suite of Debian
#   packages     the packages to install
#   extras       packages that the tests can do without (optional)
#   want         the content of the folder, for its stamp: a change creates the folder
#                again
#   apt_options  options for apt-get
#   purpose      the tests that need the folder, for messages
#   prepare      a function that prepares $part before packages are installed; its
#                argument is the mirror
#   finish       a function that finishes $part
#
# and calls `provide "$@"`. The folder is kept between runs; a second run only looks
# at the stamp. The argument -f creates it again. E2E_MIRROR is the Debian mirror; the
# default is that of apt on this machine.
#
# The file .e2e-missing in the folder names the extras that the archive did not provide.
#
# Exit codes: 0 the folder is ready; 75 the archive cannot provide it today or cannot be
# reached, and the verdict has the reason; any other code is an error of the scripts.

part=$root.part
log=$root.log

say() { printf 'provision: %s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

# It also writes a file, because make replaces the exit code.
unavailable() {
  mkdir -p "$(dirname -- "$verdict")"
  printf '%s\n' "$*" >"$verdict"
  say ""
  say "************************************************************************"
  say "NO $purpose TODAY: $*"
  say "These end-to-end tests cannot run. Nothing is said about our own code."
  say "The whole log: $log"
  say "************************************************************************"
  exit 75 # EX_TEMPFAIL
}

# run WHAT COMMAND… runs and logs a command. A failure counts as one of the archive.
run() {
  local what=$1
  shift
  printf '\n+ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null && return
  tail -n 15 -- "$log" >&2
  unavailable "$what failed"
}

mounts_below() { awk -v d="$1" '$5 == d || index($5, d "/") == 1' /proc/self/mountinfo; }

# A folder is deleted only if this script has created it and nothing is mounted in it.
disposable() {
  [[ -e $1 ]] || return 0
  [[ -z $(mounts_below "$1") ]] || die "something is mounted below $1: umount it first"
  [[ -e $1/.e2e-root || -z $(ls -A -- "$1") ]] || die "$1 was not made by this script: remove it yourself"
}

discard() {
  disposable "$1"
  rm -rf --one-file-system -- "$1"
}

# The first Debian mirror of apt's configuration, whatever format that is in.
find_mirror() {
  local codename
  if [[ -n ${E2E_MIRROR:-} ]]; then
    printf '%s\n' "$E2E_MIRROR"
    return
  fi
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && [[ ${ID:-} == debian ]] && printf '%s' "${VERSION_CODENAME:-sid}") || return 0
  # shellcheck disable=SC2016 # these are apt's variables, not the shell's
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)' 2>/dev/null |
    awk -v c="$codename" '$2 == c && $3 == "main" && $4 == "Packages" && !seen++ { print $1 }'
}

# The proxy that apt goes through, for debootstrap and the apt inside.
use_proxy() {
  local proxy
  proxy=$(apt-config shell p Acquire::http::Proxy 2>/dev/null | sed -n "s/^p='\(.*\)'$/\1/p")
  [[ -z $proxy || $proxy == DIRECT ]] || export http_proxy=${http_proxy:-$proxy}
}

need_debootstrap() {
  command -v debootstrap >/dev/null && return
  say "installing debootstrap"
  run "apt-get update" apt-get "${apt_options[@]}" update
  run "installing debootstrap" env DEBIAN_FRONTEND=noninteractive \
    apt-get "${apt_options[@]}" install -y --no-install-recommends debootstrap
}

# No service may start in the folder, and no data has to survive a power cut.
quieten() {
  printf '#!/bin/sh\nexit 101\n' >"$part/usr/sbin/policy-rc.d"
  chmod 755 "$part/usr/sbin/policy-rc.d"
  printf 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' \
    >"$part/etc/dpkg/dpkg.cfg.d/e2e"
  cp -L /etc/resolv.conf "$part/etc/resolv.conf" 2>/dev/null || true
  mkdir -p "$part/proc"
  mount -t proc proc "$part/proc"
}

# install_extras installs the packages of extras, each on its own.
install_extras() {
  local package
  : >"$part/.e2e-missing"
  for package in "${extras[@]}"; do
    printf '\n+ install %s\n' "$package" >>"$log"
    in_part apt-get "${apt_options[@]}" install -y --no-install-recommends "$package" >>"$log" 2>&1 </dev/null && continue
    say "the archive cannot provide $package today: some tests will be skipped"
    printf '%s\n' "$package" >>"$part/.e2e-missing"
    in_part dpkg --configure -a >>"$log" 2>&1 </dev/null || true
    in_part apt-get "${apt_options[@]}" install -f -y >>"$log" 2>&1 </dev/null || true
  done
}

in_part() { chroot "$part" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"; }

provision() {
  local mirror
  disposable "$root"
  : >"$log"
  use_proxy
  mirror=$(find_mirror)
  [[ -n $mirror ]] || die "no Debian mirror in apt's configuration: set E2E_MIRROR"
  need_debootstrap
  discard "$part"
  mkdir -p "$part"
  : >"$part/.e2e-root"

  say "making $root from $suite (a minute or two; log in $log)"
  run "debootstrap $suite" debootstrap --variant=minbase --include=ca-certificates "$suite" "$part" "$mirror"
  quieten
  prepare "$mirror"
  run "apt-get update" in_part apt-get "${apt_options[@]}" update
  run "installing ${packages[*]}" in_part apt-get "${apt_options[@]}" install -y --no-install-recommends "${packages[@]}"
  install_extras
  in_part apt-get clean
  in_part dpkg-query -W "${packages[@]}" >>"$log"
  umount "$part/proc"

  finish
  printf '%s\n' "$want" >"$part/.e2e-root"
  discard "$root"
  mv -- "$part" "$root"
}

ready() { [[ -f $root/.e2e-root && $(<"$root/.e2e-root") == "$want" ]]; }

make_ready() {
  [[ ${1:-} == "" || ${1:-} == -f ]] || die "usage: provision.sh [-f]"
  rm -f -- "$verdict"
  mkdir -p "$(dirname -- "$root")"
  # The tests hold this lock, shared, while they run in the folder.
  exec 9>"$root.lock"
  if [[ ${1:-} != -f ]] && flock -s -n 9 && ready; then
    return
  fi
  [[ $(id -u) == 0 ]] || die "has to be root, for chroot"
  flock -w 900 9 || die "another run holds $root.lock"
  [[ ${1:-} != -f ]] && ready && return
  unshare --mount true || die "may not mount: needs CAP_SYS_ADMIN"
  # In its own mount namespace, so that mounts end with the process in any case. It
  # keeps the lock even if only this shell is killed.
  env "$variable=$root" E2E_INSIDE=1 unshare --mount --propagation private -- "$BASH" "$0"
}

provide() {
  local started=$SECONDS
  if [[ -n ${E2E_INSIDE:-} ]]; then
    provision
    return
  fi
  make_ready "$@"
  say "$root is ready ($((SECONDS - started)) s)"
}
