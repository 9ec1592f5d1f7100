#!/usr/bin/env bash
# Builds the release of the commit twice, in different folders and with different settings
# of the user, and compares all files byte by byte. The builds use one cache, so
# each package is compiled once. FRESH=1 compiles all packages for the second build again.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ARCHITECTURES=${ARCHITECTURES:-amd64}

git clone -q --no-hardlinks . "$work/one"
git clone -q --no-hardlinks . "$work/another/much longer/path" 2>/dev/null
make -C "$work/one" --no-print-directory release

if [[ -n ${FRESH:-} ]]; then
  export GOCACHE=$work/cache
fi
(
  umask 077
  export TZ=Pacific/Kiritimati LC_ALL=C.UTF-8
  make -C "$work/another/much longer/path" --no-print-directory release
)

one=$work/one/bin/release two="$work/another/much longer/path/bin/release"
if ! diff -rq "$one" "$two"; then
  echo "release-check: two builds of a commit differ; diffoscope shows the difference" >&2
  exit 1
fi

# The commands of docs/admin/install.md, with another folder instead of /.
(
  cd "$one"
  sha256sum --check --quiet --ignore-missing SHA256SUMS
  for name in spectrum2-lua-*-linux-amd64.tar.gz; do
    mkdir -p "$work/usr/local"
    tar -xzf "$name" --strip-components=1 -C "$work/usr/local"
    "$work/usr/local/bin/spectrum2-lua" demo >/dev/null
    (cd "$work" && tac usr/local/share/spectrum2-lua/installed.txt | xargs -d '\n' rm -df)
    left=$(find "$work/usr" ! -type d)
    [[ -z $left ]] || { printf 'release-check: the archive leaves behind:\n%s\n' "$left" >&2; exit 1; }
  done
)
sed 's/^[0-9a-f]*  //' "$one/SHA256SUMS"
echo "release-check: two builds are equal"
