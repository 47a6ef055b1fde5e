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
: "${command_timeout_s:=240}"    # no single command takes longer, unless a scenario says so
readonly lock_timeout_s=600    # for another run of the same scenario to end

scenario=$(basename "$0" .sh)
export LAB_NAME=t-${scenario//_/-}
export LAB_SUBNET=10.77.0
export VSCALE_ALLOW_UNVERIFIED_HOSTS=1 # the lab's hosts make themselves new ssh keys whenever they are made
# Machines that offer KVM and fail at it take their time over that: up to half a minute of a processor for each host in
# each run. One scenario is enough for that.
export LAB_KVM=${LAB_KVM:-hidden}
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-$scenario.XXXXXX")
out=$work/out    # what the last command printed, both streams
code=0           # and how it ended
services=()      # pids of what `serve` has started

# The lock's descriptor is closed for what a lab leaves running, or the hosts would hold it.
lab() { "$lab_tests/lab" "$@" 9>&-; }

# One run of a scenario at a time on a machine, since its lab's name is always the same: that is how a later run finds
# and removes what a killed one left.
exec 9> "/run/lock/vscale-$LAB_NAME"
flock --timeout "$lock_timeout_s" 9 || { echo "$scenario: another run of it is still going after $lock_timeout_s s"; exit 1; }

finish() {
  local status=$?
  trap - EXIT
  [ ${#services[@]} -eq 0 ] || kill "${services[@]}" 2> /dev/null || true
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
  lab_hosts=$(seq -s ' ' -f 'kvm%g' "$1")
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

# in_the_middle PATTERN COMMAND...: run apply, and the command once its output has the pattern. $out and $code are of apply.
in_the_middle() {
  local pattern=$1 pid
  shift
  printf '$ vscale apply --auto-approve    (and in the middle: %s)\n' "$*"
  code=0
  : > "$out"
  "$lab_tests/lab" run "$vscale" apply --auto-approve > "$out" 2>&1 < /dev/null 9>&- &
  pid=$!
  for _ in $(seq 2400); do # two minutes at most
    grep -Eq -- "$pattern" "$out" && break
    kill -0 "$pid" 2> /dev/null || fail "it had ended before it said: $pattern"
    sleep 0.05
  done
  [ "$1" != kill ] || set -- kill -9 "$pid"
  "$@" > said 2>&1 || fail "$* failed: $(cat said)"
  wait "$pid" || code=$?
  sed 's/^/    /' said "$out"
}

prints() { grep -Eq -- "$1" "$out" || fail "it does not say: $1"; }
# says: the same, wherever a message is broken into lines.
says() { tr -s '[:space:]' ' ' < "$out" | grep -Eq -- "$1" || fail "it does not say: $1"; }
does_not_print() { ! grep -Eq -- "$1" "$out" || fail "it says: $1"; }

# serve COMMAND...: keep a command running where the controller stands, until the scenario ends.
serve() {
  "$lab_tests/lab" run "$@" > served 2>&1 < /dev/null 9>&- &
  services+=($!)
}

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

# host_of DOMAIN: where it runs.
host_of() {
  local host
  for host in $lab_hosts; do if domains_on "$host" | grep -qx "$1"; then echo "$host"; fi; done
}

# in_guest DOMAIN COMMAND: what the shell in the guest prints, by its agent.
in_guest() {
  local host pid
  host=$(host_of "$1")
  pid=$(on "$host" qemu-agent-command "$1" "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/sh\",\"arg\":[\"-c\",\"$2\"],\"capture-output\":true}}" | grep -o '[0-9]*')
  for _ in $(seq 50); do
    on "$host" qemu-agent-command "$1" "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$pid}}" > status.json
    grep -q '"exited":true' status.json && break
    sleep 0.2
  done
  sed -n 's/.*"out-data":"\([^"]*\)".*/\1/p' status.json | base64 -d
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

# yaml OPTIONS... << GROUPS: writes vscale.yaml: what all scenarios stand on, which is the part above, and from stdin what
# is the scenario's own: `groups:` or whatever else stands at the top of a file. The options add to the part above:
#   --hosts "kvm1 kvm2"    the hosts, which are all of the lab's unless said
#   --transport WORD       how they are reached: unix (unless said), tcp or ssh
#   --storage LINE, --image LINE, --network LINE    one more of them, such as "small: { pool: small }"; may be empty
yaml() {
  local hosts=$lab_hosts transport=unix storage='' image='' network='' host
  while [ $# -gt 0 ]; do
    case $1 in
      --hosts) hosts=$2 ;;
      --transport) transport=$2 ;;
      --storage) storage+="  $2"$'\n' ;;
      --image) image+="  $2"$'\n' ;;
      --network) network+="  $2"$'\n' ;;
      *) fail "yaml knows no option $1" ;;
    esac
    shift 2
  done
  {
    printf 'version: 1\nname: demo\nhosts:\n'
    for host in $hosts; do
      echo "  $host: { uri: \"$(lab uri "$host" "$transport")\", capacity: { vcpus: 8, memory: 8GiB } }"
    done
    cat << EOF
images:
  tiny: { source: $work/guest.qcow2, agent: present }
${image}storage:
  local: { pool: vscale, path: /var/lib/libvirt/vscale }
${storage}networks:
  lan: { bridge: br0, addresses: [10.77.0.50-10.77.0.59], prefix: 24, gateway: 10.77.0.1 }
${network}
EOF
    cat
  } > vscale.yaml
}

# What a group of tiny guests has after its template, where it is to be ready once it serves HTTP.
readonly serves_http='health: { startupTimeout: 2m, gates: [{ agent: {} }, { http: { port: 80, path: /health } }] }
    shutdown: { grace: 5s }'

# config SIZE [TRANSPORT]: the file with one group of so many guests, which serve HTTP.
config() {
  yaml --transport "${2:-unix}" << EOF
groups:
  web:
    size: $1
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    $serves_http
EOF
}
