#!/usr/bin/env bash
# Runs the tests of the dashboard's page in headless Chromium: run.sh [arguments for go test,
# like -v -run TestKeyboard].
#
#   E2E_CHROMIUM  the browser (default: Debian's chromium, installed if that is missing)
#   E2E_PICTURES  a folder for the pictures of the docs (default: they are thrown away)
#
# Exit code 75 says that the archive cannot provide the browser today.
set -euo pipefail

[[ -z ${E2E_PICTURES:-} ]] || E2E_PICTURES=$(realpath -- "$E2E_PICTURES")
export E2E_PICTURES=${E2E_PICTURES:-}
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../../.."
verdict=.e2e/browser-unavailable
rm -f "$verdict"

if [[ -z ${E2E_CHROMIUM:-} ]] && ! command -v chromium >/dev/null; then
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; } || true
fi
export E2E_CHROMIUM=${E2E_CHROMIUM:-$(command -v chromium || true)}
# A browser that does not even print its version has been damaged or lacks libraries.
if [[ -z $E2E_CHROMIUM ]] || ! timeout 60 "$E2E_CHROMIUM" --version --no-sandbox; then
  mkdir -p .e2e
  echo "Debian's archive does not provide a chromium that runs" | tee "$verdict" >&2
  exit 75
fi
exec go test -tags e2e -count=1 -timeout 20m "$@" ./cmd/spectrum2-lua/internal/dashboard
