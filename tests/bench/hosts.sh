#!/bin/bash
# How long reading a host, a whole no-op `vscale plan` and a `vscale watch --once` (tick) take, beside the floor measured
# in the same run: a real libvirtd with libvirt's test driver and 1,000 and 10,000 domains, once all of them somebody
# else's and once all of them vscale's own. Times and memory are those of whole processes, from start to exit. Needs root,
# for a lab host of its own.
#
# usage: hosts.sh BUILD_DIRECTORY [DOMAINS...]
#
# The goals, of both kinds of domains:
#   at 1,000 domains   a plan takes at most twice the time of the floor, and at most 60 MB
#   at 10,000          at most 12 times the time of 1,000, or as much more as the floor does
#   at both            a plan makes one request for each domain and at most 100 besides, over all of its connections
# It says of each whether it was kept, and fails where memory or requests were not, or a time was missed by more than half: a machine
# that is busy with other things moves even the ratio of two times.
#
# There are several rounds, in each of which floor, refresh and plan follow one another: so they see the same moments of a
# machine that has other things to do as well, and are divided by the floor of their own round. Of times and of ratios
# the median counts, since the quickest of one and of the other are a matter of luck each; of the memory it is the most.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
build=$(realpath "${1:?usage: hosts.sh BUILD_DIRECTORY [DOMAINS...]}")
shift
[ $# -gt 0 ] || set -- 1000 10000
readonly ratio_limit=2 memory_limit_mb=60 growth_limit=12 requests_besides=100
readonly rounds_of_1000=20 rounds_of_10000=5
readonly socket_wait_s=10
. "$here/fleet.sh"

test_uri() { echo "test+unix:///default?socket=$1"; }

# ---- The domains ---------------------------------------------------------------------------------------------------

write_config() { # write_config SIZE_OF_EACH_OF_TEN_GROUPS
  local group
  cat << END
version: 1
name: bench
vars: { uri: { default: "test:///default" } }
hosts:
  kvm1: { uri: "\${var.uri}", capacity: { vcpus: 16000, memory: 64TiB } }
images:
  tiny: { source: $work/tiny.qcow2, agent: none }
$(storages)
watch: { follow: file }
networks:
  lan: { bridge: br0, addresses: [10.20.0.1-10.20.200.254], prefix: 16 }
groups:
END
  for group in 0 1 2 3 4 5 6 7 8 9; do
    cat << END
  web$group:
    size: $1
    template: { image: tiny, vcpus: 1, memory: 64MiB, disk: 1GiB, storage: s$((group % 3)) }
END
  done
}

plan() { "$vscale" plan -f "$work/config.yaml" --state "$work/state.db" --var "uri=$1" --detailed-exitcode; }

# Fills the host and keeps it filled: start_fleet KIND DOMAINS
start_fleet() {
  rm -f "$work"/state.db*
  if [ "$1" = foreign ]; then
    write_config 0 > "$work/config.yaml"
    hold_fleet foreign "$uri" "$2"
    return
  fi
  write_config $(($2 / 10)) > "$work/config.yaml"
  # The statefile gets to know the image and the host. There is much to do, which is no error here: 2.
  plan "$uri" > "$work/plan" 2>&1 || [ $? -eq 2 ] || { cat "$work/plan" >&2; return 1; }
  hold_fleet ours "$work/config.yaml" "$work/state.db" "uri=$uri"
}

# ---- Measuring -----------------------------------------------------------------------------------------------------

run() { # run WHAT URI
  case $1 in
    floor) "$timed" "$programs/floor" "$2" ;;
    refresh) "$timed" "$programs/refresh" "$2" ;;
    plan) "$timed" "$vscale" plan -f "$work/config.yaml" --state "$work/state.db" --var "uri=$2" --detailed-exitcode ;;
    tick) "$timed" "$vscale" watch --once -f "$work/config.yaml" --state "$work/state.db" --var "uri=$2" ;;
  esac
}

# calls WHAT: how many requests it makes, over all of its connections.
calls() {
  "$programs/rpc_count" "$work/counted" "$socket" > "$work/calls" &
  counter=$!
  wait_for "$socket_wait_s" "rpc_count" test -S "$work/counted"
  run "$1" "$(test_uri "$work/counted")" > /dev/null
  kill -TERM "$counter"
  wait "$counter"
  counter=
  cat "$work/calls"
}

measure() { # measure KIND DOMAINS: fills $work/figures with "KIND DOMAINS WHAT MS RATIO MB REQUESTS"
  local what round requests rounds=$rounds_of_1000
  [ "$2" -lt 5000 ] || rounds=$rounds_of_10000
  for what in floor refresh plan tick; do run "$what" "$uri" > /dev/null; done # what is seen first is written down
  for ((round = 0; round < rounds; round++)); do
    for what in floor refresh plan tick; do run "$what" "$uri" >> "$work/$1.$2.$what"; done
  done
  for what in floor refresh plan tick; do
    requests=$(calls "$what")
    paste "$work/$1.$2.$what" "$work/$1.$2.floor" | awk -v id="$1 $2 $what" -v requests="$requests" '
      function median(values, count,   i, j, value) {
        for (i = 2; i <= count; i++) {
          value = values[i]
          for (j = i - 1; j > 0 && values[j] > value; j--) values[j + 1] = values[j]
          values[j + 1] = value
        }
        return (values[int((count + 1) / 2)] + values[int(count / 2) + 1]) / 2
      }
      { ms[NR] = $1; ratio[NR] = $1 / $3 }
      $2 > kib { kib = $2 }
      END { printf "%s %.1f %.3f %.1f %d\n", id, median(ms, NR), median(ratio, NR), kib * 1024 / 1e6, requests }
    ' >> "$work/figures"
  done
}

show() {
  awk '
    NR == 1 { printf "%-8s %8s  %-8s %10s %8s %9s %10s\n", "whose", "domains", "what", "ms", "x floor", "MB", "requests" }
    { printf "%-8s %8d  %-8s %10.1f %8.2f %9.1f %10d\n", $1, $2, $3, $4, $5, $6, $7 }' "$work/figures"
}

judge() {
  awk -v ratio_limit="$ratio_limit" -v memory_limit="$memory_limit_mb" -v growth_limit="$growth_limit" \
    -v requests_besides="$requests_besides" '
    function expect(found, goal, fails_above, text) {
      print (found <= goal ? "kept:   " : found <= fails_above ? "missed: " : "BROKEN: ") text
      if (found > fails_above) broken = 1
    }
    { ms[$1, $2, $3] = $4; ratios[$1, $2, $3] = $5; mb[$1, $2, $3] = $6; kinds[$1] }
    $3 == "plan" { requests[$1, $2] = $7 }
    END {
      for (each in requests) {
        split(each, id, SUBSEP)
        limit = id[2] + requests_besides
        expect(requests[each], limit, limit, sprintf("%s: a plan of %d makes %d requests, %d at most", id[1], id[2], requests[each], limit))
      }
      for (kind in kinds) {
        if (!((kind, 1000, "plan") in ms)) continue
        ratio = ratios[kind, 1000, "plan"]
        expect(ratio, ratio_limit, 1.5 * ratio_limit, sprintf("%s: a plan of 1,000 takes %.2f times the floor, %s at most", kind, ratio, ratio_limit))
        memory = mb[kind, 1000, "plan"]
        expect(memory, memory_limit, memory_limit, sprintf("%s: a plan of 1,000 takes %.1f MB, %s at most", kind, memory, memory_limit))
        if (!((kind, 10000, "plan") in ms)) continue
        growth = ms[kind, 10000, "plan"] / ms[kind, 1000, "plan"]
        floor = ms[kind, 10000, "floor"] / ms[kind, 1000, "floor"]
        limit = floor > growth_limit ? floor : growth_limit
        expect(growth, limit, 1.5 * limit, sprintf("%s: a plan of 10,000 takes %.1f times as long as one of 1,000, %.1f at most", kind, growth, limit))
      }
      exit broken
    }' "$work/figures"
}

timed=$programs/timed
lab down
lab up 1 > /dev/null
socket=$(lab uri kvm1)
socket=${socket##*socket=}
uri=$(test_uri "$socket")
qemu-img create -q -f qcow2 "$work/tiny.qcow2" 8M
for domains in "$@"; do
  for kind in foreign ours; do
    start_fleet "$kind" "$domains"
    measure "$kind" "$domains"
    end_fleet
  done
done
show
judge
