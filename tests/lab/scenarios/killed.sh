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

# apply_killed_after ACTIONS: start an apply and kill it once so many actions are done.
apply_killed_after() {
  local done=0 pid
  rm -f stream
  lab run "$vscale" --json apply --auto-approve > stream 2> stderr < /dev/null &
  pid=$!
  for _ in $(seq 1200); do # one minute at most
    done=$(grep -c '"action_done"' stream || true)
    [ "$done" -ge "$1" ] && break
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.05
  done
  # `lab run` replaced itself by vscale, so that this is its pid.
  kill -9 "$pid" 2> /dev/null || true
  wait "$pid" 2> /dev/null || true
  printf '$ vscale apply    (killed after %s actions)\n' "$done"
}

for actions in 1 4 9 14 18; do
  story "Killed after $actions actions of creating three"
  apply_killed_after "$actions"
  run 0 apply --auto-approve
  check_everything_is_there
  if [ "$actions" -eq 9 ]; then
    story "Killed in the middle of destroying"
    (
      lab run "$vscale" --json destroy --auto-approve > stream 2> stderr < /dev/null &
      pid=$!
      for _ in $(seq 1200); do
        [ "$(grep -c '"action_done"' stream 2> /dev/null || true)" -ge 4 ] && break
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.05
      done
      kill -9 "$pid" 2> /dev/null || true
      wait "$pid" 2> /dev/null || true
    )
  fi
  run 0 destroy --auto-approve
  [ "$(running_everywhere kvm1 kvm2)" -eq 0 ] || fail "destroy left domains"
done
