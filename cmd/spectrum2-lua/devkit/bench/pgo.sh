#!/usr/bin/env bash
# Writes cpu.pgo, by which the compiler optimises the programs: where the processor time of a
# backend goes that echoes under load. `make pgo` runs it.
set -euo pipefail

bench=cmd/spectrum2-lua/devkit/bench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/plain.cfg" <<CONFIG
[service]
jid = echo.localhost
working_dir = $folder
[lua]
script = $PWD/$bench/plain/plain.lua
CONFIG

bin/bench --quick --rounds 1 --round 60s "$folder/plain.cfg" >"$folder/report" 2>"$folder/progress" &
until grep -q 'round 1' "$folder/progress"; do
  kill -0 $! || { cat "$folder/progress" >&2; exit 1; }
  sleep 0.1
done
sleep 1 # the process starts and grows
bin/spectrum2-lua profile "$folder/plain.cfg" --go cpu --seconds 50 --pprof "$folder/cpu.pgo"
wait
mv "$folder/cpu.pgo" "$bench/cpu.pgo"
