#!/bin/bash
# What comes in the way of a rolling update: another size while it rests, a host that is cut off in the middle, a host that
# loses power in the middle. The guests that are members serve all the while, but for those that are gone with a host.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/load.sh"
begin 2

readonly rests='steps: [{ to: 1, pause: manual }, { to: "100%" }]'
size=2 transport=tcp

story "Two guests serve, and a load of requests begins"
versioned_group v1
run 0 apply --auto-approve
begin_load

story "It rests with one new guest"
versioned_group v2 "$rests"
run 0 apply --auto-approve
serve_versions '1 v1, 1 v2'

story "More are wanted while it rests: they come in the new version, and it rests on"
size=4
versioned_group v2 "$rests"
run 0 apply --auto-approve
serve_versions '1 v1, 3 v2'
run 0 plan --detailed-exitcode

story "Fewer are wanted while it rests: the old go first"
size=3
versioned_group v2 "$rests"
run 0 apply --auto-approve
serve_versions '3 v2'
run 0 plan --detailed-exitcode

no_request_failed 100

story "kvm2 is cut off in the middle: what is there is unknown, and no more goes than the budget allows"
versioned_group v3
in_the_middle 'web-[0-9] .*wait until ready.*ok' lab cut kvm2
[ "$code" -eq 3 ] || fail "apply ended with $code, want 3"
run 3 rollout status web
run 3 plan
[ "$(running_everywhere kvm1 kvm2)" -ge 3 ] || fail "too many were taken away"

story "The cable is back: it is finished, without a twin"
lab heal kvm2
count_requests_anew
run 0 apply --auto-approve
serve_versions '3 v3'
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
run 0 plan --detailed-exitcode

story "kvm2 loses its power in the middle and has it again: it is finished, without a twin"
versioned_group v4
in_the_middle 'web-[0-9] .*wait until ready.*ok' lab crash kvm2
lab boot kvm2
run 0 apply --auto-approve
count_requests_anew
serve_versions '3 v4'
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
