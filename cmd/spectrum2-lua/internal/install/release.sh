#!/usr/bin/env bash
# Builds packages and releases. The Makefile calls it with its tools and settings:
#
#   release.sh version              print the version of the commit
#   release.sh packages FOLDER      write packages for Debian and RPM
#   release.sh release FOLDER       packages, archives, SBOMs and SHA256SUMS
#   release.sh image FOLDER         write the files of the image (Containerfile), and those of
#                                   its user to FOLDER.data
#
#   GO FLAGS             the go command, and its flags for our programs
#   NFPM CYCLONEDX       the tools with their versions
#   ARCHITECTURES        of the packages and archives
#   FORMATS              of the packages
#   VERSION              the version, instead of that of the commit
#   SOURCE_DATE_EPOCH    the time of all files, instead of that of the commit
#
# Two builds of a commit are equal, byte by byte. Nothing depends on the folder, the
# user, the umask, the locale or the time.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

GO=${GO:-go}
install=cmd/spectrum2-lua/internal/install

die() { printf 'release: %s\n' "$*" >&2; exit 1; }

in_git() { git ls-files --error-unmatch Makefile >/dev/null 2>&1; }

# version prints the version of the tag v…, or a version that follows the newest release and
# precedes the next one. Packages of later commits are newer.
version() {
  local number tag modified=""
  if [[ -n ${VERSION:-} ]]; then
    [[ $VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.]+)?$ ]] ||
      die "VERSION=$VERSION is not a version; examples are 1.2.3 and 1.2.3+build7"
    printf '%s\n' "$VERSION"
    return
  fi
  number=$(sed -n 's/^const Number = "\(.*\)"/\1/p' runtime/version/version.go)
  in_git || die "this folder is not a git checkout, so its commit is unknown; set VERSION=$number"
  [[ -z $(git status --porcelain) ]] || modified=.modified
  tag=$(git tag --points-at HEAD --list 'v[0-9]*')
  if [[ -z $tag ]]; then
    git log -1 --abbrev=8 --format="$number+git%cd.%h$modified" --date=format-local:%Y%m%d%H%M%S
    return
  fi
  [[ $tag == "v$number" ]] ||
    die "the commit has the tag ${tag//$'\n'/, }, but runtime/version/version.go has $number: change one of them"
  [[ -z $modified ]] || die "files differ from the commit of $tag: commit or undo the changes (git status shows them)"
  printf '%s\n' "$number"
}

# epoch sets SOURCE_DATE_EPOCH.
epoch() {
  if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
    in_git || die "this folder is not a git checkout, so the time of its commit is unknown; set SOURCE_DATE_EPOCH"
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  fi
  export SOURCE_DATE_EPOCH
}

# host runs a command of this repository with the flags of `make build`, so that both compile
# each package once.
host() {
  # shellcheck disable=SC2086 # several flags
  GOOS='' GOARCH='' CGO_ENABLED=0 "$GO" run $FLAGS "$@"
}

# programs builds the programs and the files below share, in a folder.
programs() {
  GOOS=linux GOARCH=$1 make --no-print-directory build BIN="$2"
  host ./cmd/spectrum2-lua share "$2/share"
}

# packages writes the packages of an architecture: packages ARCHITECTURE BIN TO.
packages() {
  local stage=$2/stage package format
  host ./$install -bin "$2" -packages "$stage" -version "$VERSION"
  for package in spectrum2-lua spectrum2-backend-lua; do
    for format in ${FORMATS:-deb rpm}; do
      ARCH=$1 STAGE=$stage "$GO" run "$NFPM" package \
        --config $install/packages/$package.yaml --packager "$format" --target "$3/"
    done
  done
}

# archive writes the archive of an architecture: archive ARCHITECTURE BIN TO. It unpacks
# into /usr/local. The list of installed files has no folders that others use, too.
archive() {
  local name=spectrum2-lua-$VERSION-linux-$1
  host ./$install -bin "$2" -destdir "$2/archive" -prefix /usr/local
  sed -i '/\/$/{/spectrum2-lua/!d}' "$2/archive/usr/local/share/spectrum2-lua/installed.txt"
  mv "$2/archive/usr/local" "$2/archive/$name"
  tar -C "$2/archive" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --format=gnu -c "$name" | gzip -9n >"$3/$name.tar.gz"
}

# sbom writes the list of the modules in each program: sbom ARCHITECTURE BIN TO. Licences
# come from the files of the modules. The list has the hash of the tool, so the folder of the
# modules must not appear in the tool.
sbom() {
  local program tool=$2/tool
  GOBIN=$PWD/$tool GOOS='' GOARCH='' CGO_ENABLED=0 "$GO" install -trimpath "$CYCLONEDX"
  for program in spectrum2-lua spectrum2_lua_backend; do
    GOOS=linux GOARCH=$1 CGO_ENABLED=0 "$tool/cyclonedx-gomod" app -json -std -licenses -noserial -notimestamp \
      -main "cmd/$program" -output "$3/$program-$VERSION-linux-$1.cdx.json" . 2>"$2/sbom.log" ||
      die "cyclonedx-gomod: $(<"$2/sbom.log")"
  done
}

# build runs steps for each architecture: build FOLDER STEP….
build() {
  local to=$1 arch step work
  shift
  VERSION=$(version)
  export VERSION
  epoch
  rm -rf "$to"
  mkdir -p "$to"
  for arch in $ARCHITECTURES; do
    printf '== %s %s\n' "$VERSION" "$arch"
    work=$to/$arch
    programs "$arch" "$work"
    for step in "$@"; do
      "$step" "$arch" "$work" "$to"
    done
    rm -rf "$work"
  done
}

# image writes the files of the image. The number 65532 is usual for users of images that
# are not root. What this user owns is in a folder of its own, because COPY leaves the owner of
# a folder that exists.
image() {
  local to=$1 data=$1.data work=$1.build
  rm -rf "$to" "$data" "$work"
  programs "${GOARCH:-$("$GO" env GOARCH)}" "$work"
  host ./$install -bin "$work" -destdir "$work/all" -prefix /usr
  mkdir -p "$to"/usr/{bin,share} "$to"/etc/{ssl/certs,spectrum2-lua} "$to/var/lib" "$data/spectrum2-lua"
  mkdir -m 1777 "$to/tmp"
  cp "$work/all/usr/bin/spectrum2-lua" "$to/usr/bin/"
  cp -r "$work/all/usr/share/spectrum2-lua" "$to/usr/share/"
  rm "$to/usr/share/spectrum2-lua/installed.txt"
  cp LICENSE "$to/usr/share/spectrum2-lua/"
  cp /etc/ssl/certs/ca-certificates.crt "$to/etc/ssl/certs/"
  printf 'root:x:0:0::/:/nologin\nspectrum2-lua:x:65532:65532::/var/lib/spectrum2-lua:/nologin\n' >"$to/etc/passwd"
  printf 'root:x:0:\nspectrum2-lua:x:65532:\n' >"$to/etc/group"
  rm -rf "$work"
}

case ${1:-} in
  version) version ;;
  packages) build "$2" packages ;;
  release)
    build "$2" packages archive sbom
    (cd "$2" && sha256sum -- * >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
    ;;
  image) image "$2" ;;
  *) die "usage: release.sh version | packages FOLDER | release FOLDER | image FOLDER" ;;
esac
