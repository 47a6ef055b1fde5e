#!/bin/bash
# Installs what is missing, builds everything, and runs the tests. On a bare Debian 12 as root this is all there is to do.
#
# usage: tests/run.sh           every test but those labelled slow or bench
#        tests/run.sh REGEX     the tests whose names match, whatever their labels; `ctest --test-dir build -N` lists them
#
# Ends with ctest's summary, and with its exit code. Needs no terminal. See tests/README.md.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

parts=()

# part NAME COMMAND...: runs one step and keeps how long it took.
part() {
  local name=$1 started=$SECONDS
  shift
  printf '== %s\n' "$name"
  "$@"
  parts+=("$(printf '%-16s %5d s' "$name" $((SECONDS - started)))")
}

part packages tests/support/install-packages.sh build test lab image debian-image
part compile tests/support/compile.sh build all --preset ci
# Ahead of the tests, so that none of them is charged for it.
part "guest image" tests/lab/guest-image.sh build/guest.qcow2

printf '\nWhere the time went before the tests:\n'
printf '  %s\n' "${parts[@]}"
echo

# The preset has sanitizers in it: everything that runs here, in the lab too, runs under them.
export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

selection=(--label-exclude '^(slow|bench)$')
[ $# -eq 0 ] || selection=(--tests-regex "$1")
# One more than there are processors: the lab's tests wait for their guests most of the time.
exec ctest --test-dir build --output-on-failure --no-tests=error --parallel $((${VSCALE_JOBS:-$(nproc)} + 1)) \
  "${selection[@]}" </dev/null
