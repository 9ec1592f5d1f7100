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
(cd "$one" && sha256sum --check --quiet SHA256SUMS)
sed 's/^[0-9a-f]*  //' "$one/SHA256SUMS"
echo "release-check: two builds are equal"
