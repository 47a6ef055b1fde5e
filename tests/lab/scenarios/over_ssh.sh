#!/bin/bash
# The same over qemu+ssh: create, plan is empty, destroy. A host that does not answer is named.
. "$(dirname "$0")/scenario.sh"
begin 2
config 2 ssh

story "Two guests over ssh"
run 0 apply --auto-approve
page 10.77.0.50 | grep -q '^demo-web-' || fail "no answer from 10.77.0.50"
page 10.77.0.51 | grep -q '^demo-web-' || fail "no answer from 10.77.0.51"
run 0 plan --detailed-exitcode

story "A host that is off is named, within a bounded time"
lab crash kvm2
started=$(date +%s)
run 3 plan
took=$(($(date +%s) - started))
prints 'kvm2'
[ "$took" -le 40 ] || fail "plan took $took s with one host off"

story "It boots: its guests are off, and are started again"
lab boot kvm2
run 0 apply --auto-approve
page 10.77.0.50 | grep -q '^demo-web-' || fail "no answer from 10.77.0.50"
page 10.77.0.51 | grep -q '^demo-web-' || fail "no answer from 10.77.0.51"
run 0 destroy --auto-approve
