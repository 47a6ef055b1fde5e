#!/bin/bash
# Installs what is missing, builds everything, and runs the tests. On a bare Debian 12 as root this is all there is to do.
#
# usage: tests/run.sh           every test but those labelled slow or bench
#        tests/run.sh REGEX     the tests whose names match, whatever their labels; `ctest --test-dir build -N` lists them
#
# Ends with ctest's summary, and with its exit code. Needs no terminal. See tests/README.md.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

readonly jobs=${VSCALE_JOBS:-$(nproc)}
readonly log=build/tests.log # configuring and compiling at length; shown when it fails

parts=()

# part NAME COMMAND...: runs one step and keeps how long it took.
part() {
  local name=$1 started=$SECONDS
  shift
  printf '== %s\n' "$name"
  "$@"
  parts+=("$(printf '   %-24s %4d s' "$name" $((SECONDS - started)))")
}

quietly() {
  "$@" >> "$log" 2>&1 || { tail -n 60 "$log" && echo "tests/run.sh: failed: $* (all of it is in $log)" && exit 1; }
}

compile() {
  # One line a minute at least, so that nobody takes a long build for a hanging one.
  quietly cmake --build build --parallel "$jobs" &
  local pid=$! waited=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    [ $((waited % 30)) -ne 0 ] || printf '   %3d s  %s\n' "$waited" "$(tail -n 1 "$log" | cut -c 1-100)"
  done
  wait "$pid"
}

build_images() {
  local scratch
  scratch=$(mktemp -d)
  tests/lab/guest-image.sh "$scratch/guest.qcow2" || { rm -rf "$scratch" && exit 1; }
  rm -rf "$scratch"
}

started=$SECONDS
part "install packages" tests/support/install-packages.sh build test lab image debian-image
mkdir -p build
: > "$log"
part "configure" quietly cmake --preset ci
part "compile" compile
part "tiny guest" build_images

printf '\n== where the time went\n'
printf '%s\n' "${parts[@]}"
printf '   %-24s %4d s\n\n' "before the tests" $((SECONDS - started))

selection=(--label-exclude '^(slow|bench)$')
[ $# -eq 0 ] || selection=(--tests-regex "$1")
exec ctest --test-dir build --output-on-failure --no-tests=error --parallel "$jobs" "${selection[@]}" </dev/null
