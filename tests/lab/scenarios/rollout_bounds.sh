#!/bin/bash
# What bounds a rolling update: two at a time in their places, a change that is not allowed, a deadline, failures that are put
# up with, one that goes on whatever fails, an agent that hangs for a while, a hook that hangs, another version in the middle.
# labels: slow
# timeout: 1500
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/load.sh"
begin 2

members_now() { ls "$members" | tr '\n' ' '; }

# first_to_go: the name of the first guest that the last apply took leave of.
first_to_go() { sed -n 's/.* \(web-[0-9]*\) .*hook beforeStop.*/\1/p' "$out" | head -n 1; }

story "Three guests serve"
versioned_group v1
run 0 apply --auto-approve
begin_load
was=$(members_now)

story "Two at a time in their places, on one host if need be: names and addresses stay, and one serves all the while"
versioned_group v2 'maxSurge: 0, maxUnavailable: 2, perHost: 2, minReady: 3s'
run 0 simulate rollout web --json
prints '"lowest":1'
run 0 plan
says 'in place, unavailable 2, 2 per host, ready for 3s each'
says 'never below 1 ready'
run 0 apply --auto-approve
serve_versions '3 v2'
[ "$(members_now)" = "$was" ] || fail "members are $(members_now), want $was"
run 0 plan --detailed-exitcode

story "What disrupts more than the file allows is held, and nobody is touched"
versioned_group v3 'allow: live'
run 0 apply --auto-approve
says 'live'
serve_versions '3 v2'

story "A deadline for each: a version that does not come up is found out by it, long before the startup timeout"
versioned_group bad 'progressDeadline: 20s'
run 1 apply --auto-approve
says 'no progress'
does_not_print 'within 2m'
serve_versions '3 v2'

story "A failure that is put up with: who failed is made again, and it goes to its end"
printf '#!/bin/sh\n[ -e %s/failed_once ] || { touch %s/failed_once; exit 1; }\n' "$work" "$work" > flaky
chmod +x flaky
flaky=$work/flaky
versioned_group v4 'maxFailures: 1'
run 0 apply --auto-approve
[ -e failed_once ] || fail "the hook was not run"
says 'did not become available'
flaky=
serve_versions '3 v4'
run 0 plan --detailed-exitcode

story "Whatever fails, the others go: one of three is bad in the new version"
startup_timeout=45s
run 0 status
bad=$(sed -n 's/^ *\(web-[0-9]*\) .*/\1/p' "$out" | sed -n 2p)
user_data="[ \\\"\$(hostname)\\\" != demo-$bad ] || rm /run/www/health\n"
versioned_group v5 'maxSurge: 0, maxUnavailable: 2, perHost: 2, onFailure: continue'
in_the_middle 'Planned again' kill
says "$bad did not become available"
[ "$(ls "$members" | wc -l)" -eq 2 ] || fail "members are $(members_now), want two"
serve_versions '2 v5'
startup_timeout=2m user_data=
versioned_group v6 'maxSurge: 0, maxUnavailable: 1'
run 0 apply --auto-approve
serve_versions '3 v6'

story "An agent that hangs for fifteen seconds is a slow agent, and no dead guest"
user_data='(sleep 8; killall -STOP qemu-ga; sleep 15; killall -CONT qemu-ga) &\n'
versioned_group v7 'maxSurge: 1, minReady: 10s'
run 0 apply --auto-approve
serve_versions '3 v7'
user_data=
does_not_print FAILED

story "A hook that hangs has its bound, and is passed over where the file says so"
slow_hook="{ command: [sleep, \"600\"], timeout: 2s, onFailure: continue }"
versioned_group v8 'steps: [{ to: 1, pause: manual }, { to: "100%" }]'
run 0 apply --auto-approve
says 'went on'
slow_hook=
serve_versions '2 v7, 1 v8'

story "Another version in the middle: what the abandoned one has made goes first"
versioned_group v9
abandoned=$(for member in "$members"/*; do
  [ "$(lab run curl -sS --max-time 5 "http://${member##*/}/version")" != v8 ] ||
    lab run curl -sS --max-time 5 "http://${member##*/}/"
done)
abandoned=${abandoned#demo-}
run 0 apply --auto-approve
[ "$(first_to_go)" = "$abandoned" ] || fail "$(first_to_go) went first, want $abandoned"
serve_versions '3 v9'
run 0 plan --detailed-exitcode
no_request_failed 300
run 0 destroy --auto-approve
