#!/bin/bash
# How long reading a host takes, beside the floor measured in the same run: a real libvirtd with libvirt's test driver and
# 1,000 and 10,000 domains. Needs root, for a lab host of its own.
#
# usage: run.sh DIRECTORY_OF_THE_PROGRAMS [DOMAINS...]
set -euo pipefail
here=$(dirname "$(realpath "$0")")
programs=$(realpath "${1:?usage: run.sh DIRECTORY_OF_THE_PROGRAMS [DOMAINS...]}")
shift
[ $# -gt 0 ] || set -- 1000 10000
readonly rounds=5          # the best of them counts: the machine has other things to do as well
readonly socket_wait_s=10
export LAB_NAME=${LAB_NAME:-bench} LAB_SUBNET=${LAB_SUBNET:-10.77.0}
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-bench.XXXXXX")

lab() { "$here/../lab/lab" "$@"; }

finish() {
  local status=$?
  trap - EXIT
  [ -z "${holder:-}" ] || kill "$holder" 2> /dev/null || true
  lab down || status=1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

test_uri() { echo "test+unix:///default?socket=$1"; }

# best COMMAND...: the line of its quickest run.
best() {
  local i
  for ((i = 0; i < rounds; i++)); do "$@"; done | sort -n | head -n 1
}

# calls COMMAND...: how many requests it makes, given the URI as its last argument.
calls() {
  local counter deadline=$((SECONDS + socket_wait_s))
  "$programs/rpc_count" "$work/counted" "$socket" > "$work/calls" &
  counter=$!
  until [ -S "$work/counted" ]; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "rpc_count does not listen" >&2; return 1; }
    sleep 0.02
  done
  "$@" "$(test_uri "$work/counted")" > /dev/null
  wait "$counter"
  cat "$work/calls"
}

row() { # row NAME CALLS MILLISECONDS DOMAINS KIB
  awk -v name="$1" -v calls="$2" -v ms="$3" -v domains="$4" -v kib="$5" \
    'BEGIN { printf "%8d  %-16s %10.1f ms  %8d requests  %7.1f MiB\n", domains, name, ms, calls, kib / 1024 }'
}

lab down
lab up 1 > /dev/null
socket=$(lab uri kvm1)
socket=${socket##*socket=}

for domains in "$@"; do
  uri=$(test_uri "$socket")
  mkfifo "$work/hold"
  "$programs/refresh" hold "$uri" "$domains" < "$work/hold" > "$work/holder" &
  holder=$!
  exec 9> "$work/hold"
  until grep -q ready "$work/holder"; do
    kill -0 "$holder" || { echo "the domains cannot be defined" >&2; exit 1; }
    sleep 0.1
  done
  # shellcheck disable=SC2046 # three numbers
  row floor "$(calls "$programs/floor")" $(best "$programs/floor" "$uri")
  # shellcheck disable=SC2046
  row "vscale's refresh" "$(calls "$programs/refresh" observe)" $(best "$programs/refresh" observe "$uri")
  exec 9>&-
  wait "$holder"
  holder=
  rm "$work/hold"
done
