#!/bin/bash
# vscale is killed (SIGKILL) at several moments of an apply; each time the next apply finishes the work: no twin, no
# orphan, no lost address.
. "$(dirname "$0")/scenario.sh"
begin 2
config 3

check_everything_is_there() {
  answers 10.77.0.50 demo-web-0
  answers 10.77.0.51 demo-web-1
  answers 10.77.0.52 demo-web-2
  [ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
  local volumes
  volumes=$({ volumes_on kvm1; volumes_on kvm2; } | grep -c '^demo-')
  [ "$volumes" -eq 6 ] || fail "want a root disk and a seed for each of three, found $volumes volumes"
  run 0 plan --detailed-exitcode
}

# killed_after ACTIONS COMMAND...: start vscale and kill it once so many actions are done.
killed_after() {
  local enough=$1 done=0 pid
  shift
  rm -f stream
  # Not by way of a function: the script replaces itself by vscale, so that this is vscale's own pid.
  "$lab_tests/lab" run "$vscale" --json "$@" > stream 2> stderr < /dev/null 9>&- &
  pid=$!
  for _ in $(seq 1200); do # one minute at most
    done=$(grep -c '"action_done"' stream || true)
    [ "$done" -ge "$enough" ] && break
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.05
  done
  kill -9 "$pid" 2> /dev/null || fail "it had ended before it could be killed: $(cat stderr)"
  wait "$pid" 2> /dev/null || true
  printf '$ vscale %s    (killed after %s actions)\n' "$*" "$done"
}

for actions in 1 6 13 16; do
  story "Killed after $actions actions of creating three"
  killed_after "$actions" apply --auto-approve
  run 0 apply --auto-approve
  check_everything_is_there
  if [ "$actions" -eq 6 ]; then
    story "Killed in the middle of destroying"
    killed_after 4 destroy --auto-approve
  fi
  run 0 destroy --auto-approve
  [ "$(running_everywhere kvm1 kvm2)" -eq 0 ] || fail "destroy left domains"
done
