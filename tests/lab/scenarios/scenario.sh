# What every scenario in this folder stands on: a lab of its own, a directory of its own, and words to tell a story with.
# Sourced, not run. A scenario ends the moment that something is not as it expects, says what it found, and leaves
# nothing behind either way.
#
#   VSCALE      the program under test (ctest sets it)
#   VSCALE_KEEP=1 keeps lab and directory for a look after a failure
set -euo pipefail

scenarios=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
readonly lab_tests=${scenarios%/scenarios}
readonly vscale=${VSCALE:?"say which program to test: VSCALE=build/cmd/vscale $0"}
readonly command_timeout_s=240 # no single command of a scenario takes longer
readonly lock_timeout_s=600    # for another run of the same scenario to end

scenario=$(basename "$0" .sh)
export LAB_NAME=t-${scenario//_/-}
export LAB_SUBNET=10.77.0
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-$scenario.XXXXXX")
out=$work/out    # what the last command printed, both streams
code=0           # and how it ended

# The lock's descriptor is closed for what a lab leaves running, or the hosts would hold it.
lab() { "$lab_tests/lab" "$@" 9>&-; }

# One run of a scenario at a time on a machine, since its lab's name is always the same: that is how a later run finds
# and removes what a killed one left.
exec 9> "/run/lock/vscale-$LAB_NAME"
flock --timeout "$lock_timeout_s" 9 || { echo "$scenario: another run of it is still going after $lock_timeout_s s"; exit 1; }

finish() {
  local status=$?
  trap - EXIT
  if [ "$status" -ne 0 ] && [ "${VSCALE_KEEP:-0}" = 1 ]; then
    echo "kept: lab --name $LAB_NAME, $work"
    exit "$status"
  fi
  lab down || status=1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# begin HOSTS: power on that many hosts and build the guest.
begin() {
  lab down # a trace of a run that was killed
  lab up "$1"
  "$lab_tests/guest-image.sh" "$work/guest.qcow2" > /dev/null
  cd "$work"
}

story() { printf '\n== %s\n' "$*"; }

fail() {
  printf '\nFAILED: %s\n' "$*"
  printf -- '--- the last command ended with %s and printed:\n' "$code"
  cat "$out" 2> /dev/null || true
  exit 1
}

# vs ARGUMENTS...: run vscale where it reaches the hosts; its output goes to $out, its exit code to $code.
vs() {
  printf '$ vscale %s\n' "$*"
  code=0
  lab run timeout "$command_timeout_s" "$vscale" "$@" > "$out" 2>&1 < /dev/null || code=$?
  sed 's/^/    /' "$out"
}

# run EXPECTED_CODE ARGUMENTS...: the same, and it must end with that code.
run() {
  local expected=$1
  shift
  vs "$@"
  [ "$code" -eq "$expected" ] || fail "vscale $1 ended with $code, want $expected"
}

prints() { grep -Eq -- "$1" "$out" || fail "it does not say: $1"; }
# says: the same, wherever a message is broken into lines.
says() { tr -s '[:space:]' ' ' < "$out" | grep -Eq -- "$1" || fail "it does not say: $1"; }
does_not_print() { ! grep -Eq -- "$1" "$out" || fail "it says: $1"; }

on() {
  local host=$1
  shift
  virsh -q -c "$(lab uri "$host")" "$@"
}

# domains_on HOST: the names of its running domains, in order.
domains_on() { on "$1" list --name --state-running | sed '/^$/d' | sort; }

running_everywhere() {
  local host
  for host in "$@"; do domains_on "$host"; done | wc -l
}

# page ADDRESS: what the guest there answers to GET /.
page() { lab run curl -sS --max-time 10 "http://$1/"; }

answers() { # answers ADDRESS NAME
  local got
  got=$(page "$1") || fail "no answer from http://$1/"
  [ "$got" = "$2" ] || fail "http://$1/ answers \"$got\", want \"$2\""
}

# The volumes of the pool on a host, one a line.
volumes_on() { lab exec "$1" ls -1 /var/lib/libvirt/vscale 2> /dev/null | sort; }

# config SIZE [TRANSPORT]: writes vscale.yaml with one group on hosts kvm1 and kvm2.
config() {
  local transport=${2:-unix}
  cat > vscale.yaml << EOF
version: 1
name: demo
hosts:
  kvm1:
    uri: "$(lab uri kvm1 "$transport")"
    capacity: { vcpus: 8, memory: 8GiB }
  kvm2:
    uri: "$(lab uri kvm2 "$transport")"
    capacity: { vcpus: 8, memory: 8GiB }
images:
  tiny:
    source: $work/guest.qcow2
    agent: present
storage:
  local: { pool: vscale, path: /var/lib/libvirt/vscale }
networks:
  lan:
    bridge: br0
    addresses: [10.77.0.50-10.77.0.59]
    prefix: 24
    gateway: 10.77.0.1
groups:
  web:
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
    size: $1
    health:
      startupTimeout: 2m
      gates: [{ agent: {} }, { http: { port: 80, path: /health } }]
    shutdown: { grace: 5s }
EOF
}
