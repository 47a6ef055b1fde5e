#!/bin/bash
# Reality departs from the plan while apply runs: a host is cut off and its cable is back a moment later, and apply looks,
# plans again and finishes by itself. A saved plan under which the hosts have changed is refused.
. "$(dirname "$0")/scenario.sh"
begin 2

# cut_in_mid_run SECONDS ARGUMENTS...: run vscale, cut kvm2 off once kvm2's first volume is being made, and heal it so much
# later. The output goes to $out, the exit code to $code.
cut_in_mid_run() {
  local seconds=$1 pid
  shift
  printf '$ vscale %s    (kvm2 is cut off in the middle, for %s s)\n' "$*" "$seconds"
  code=0
  lab run timeout "$command_timeout_s" "$vscale" "$@" > "$out" 2>&1 < /dev/null &
  pid=$!
  for _ in $(seq 1200); do # one minute at most
    grep -q 'write seed on kvm2\|root disk, .* on kvm2' "$out" && break
    kill -0 "$pid" 2> /dev/null || fail "it had ended before kvm2 could be cut off"
    sleep 0.02
  done
  lab cut kvm2
  sleep "$seconds"
  lab heal kvm2
  wait "$pid" || code=$?
  sed 's/^/    /' "$out"
}

story "Four guests; kvm2 is cut off while its two are made, and its cable is back before apply has given up"
config 4 tcp
cut_in_mid_run 30 apply --auto-approve
[ "$code" -eq 0 ] || fail "apply ended with $code, want 0"
says 'Planned again: kvm2 did not answer; [0-9]+ actions left, within what was approved'
says 'Done: 4 create'
[ "$(running_everywhere kvm1 kvm2)" -eq 4 ] || fail "want four running domains"
for address in 10.77.0.50 10.77.0.51 10.77.0.52 10.77.0.53; do
  page $address | grep -q '^demo-web-[0-3]$' || fail "no answer from $address"
done

story "What the run has made is in the record, without another look"
run 0 plan --refresh=false --detailed-exitcode
run 0 plan --detailed-exitcode

story "A plan is saved, and then a guest is stopped by hand: the plan is stale"
config 5 tcp
run 0 plan --out saved.plan
for file in saved.plan vscale.db vscale.db.key; do
  [ "$(stat -c %a $file)" = 600 ] || fail "$file is $(stat -c %a $file): others may read it"
done
on kvm1 destroy demo-web-0 > /dev/null || on kvm2 destroy demo-web-0 > /dev/null
run 1 apply saved.plan
says 'Saved plan is stale: the hosts have changed after the plan was created: .*web-0'
run 0 apply --auto-approve
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
