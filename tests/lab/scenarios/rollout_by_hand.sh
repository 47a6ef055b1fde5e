#!/bin/bash
# A rolling update is steered by hand: it waits at a step until it is promoted, is paused while it runs and goes on, is
# killed in the middle and finished by the next apply, stops by itself at a version that answers 404, is undone, is
# aborted. The old guests serve all the while.
# labels: slow
# timeout: 1500
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/load.sh"
begin 2

say() { lab run "$vscale" rollout "$@"; }

story "Three guests serve, and a load of requests begins"
versioned_group v1
run 0 apply --auto-approve
begin_load

story "A step that a person passes: one is new, and the rest waits"
versioned_group v2 'steps: [{ to: 1, pause: manual }, { to: "100%" }]'
run 0 simulate rollout web
run 0 apply --auto-approve
says 'waits at step 1 of 2'
serve_versions '2 v1, 1 v2'
run 0 status
run 0 plan --detailed-exitcode
run 0 rollout promote web
run 0 apply --auto-approve
serve_versions '3 v2'
run 0 plan --detailed-exitcode

story "Paused while it runs: what has begun comes to its end, and nothing more begins until it is resumed"
versioned_group v3
in_the_middle 'web-[0-9] .*wait until ready.*ok' say pause web --reason "too busy"
[ "$code" -eq 0 ] || fail "apply ended with $code, want 0"
says 'too busy'
served=$(versions)
[ "$served" != '3 v3' ] || fail "it was not paused"
run 0 plan --detailed-exitcode
[ "$(versions)" = "$served" ] || fail "it went on"
run 0 rollout resume web
run 0 apply --auto-approve
serve_versions '3 v3'

story "Killed in the middle (SIGKILL), and the next apply finishes it: no twin, no orphan"
versioned_group v4
in_the_middle 'web-[0-9] .*wait until ready.*ok' kill
[ "$code" -eq 137 ] || fail "apply ended with $code, want 137"
run 0 apply --auto-approve
serve_versions '3 v4'
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
[ "$({ volumes_on kvm1; volumes_on kvm2; } | grep -c '^demo-')" -eq 6 ] || fail "want a root disk and a seed for each of three"
run 0 plan --detailed-exitcode

story "A version that answers 404 stops by itself, and the old ones serve; it is undone"
startup_timeout=20s
versioned_group bad
run 1 apply --auto-approve
says 'rollout of revision [0-9]+ has stopped'
serve_versions '3 v4'
run 0 rollout status web
run 0 rollout undo web --reason "404"
run 0 apply --auto-approve
serve_versions '3 v4'
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
run 0 plan --detailed-exitcode

story "Aborted at a step: what is there stays as it is, until the file changes"
startup_timeout=2m
versioned_group v5 'steps: [{ to: 1, pause: manual }, { to: "100%" }]'
run 0 apply --auto-approve
run 0 rollout abort web
run 0 apply --auto-approve
serve_versions '2 v4, 1 v5'
run 0 plan --detailed-exitcode
versioned_group v6
run 0 apply --auto-approve
serve_versions '3 v6'

story "Undone long after it was completed"
run 0 rollout undo web
run 0 apply --auto-approve
found=$(versions)
[ "$found" = '3 v4' ] || fail "members serve $found, want 3 v4"
run 0 rollout history web
run 0 plan --detailed-exitcode
no_request_failed 500
run 0 destroy --auto-approve
