#!/bin/bash
# A group of three behind a load of requests is rolled to a new image, with none unavailable: no request to a member
# fails. A bad image is found out, goes back by itself, and the group serves all the while.
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/load.sh"
begin 2

# group IMAGE [UPDATE...]: three guests of that image.
group() {
  yaml --image "next: { source: $work/$1.qcow2, agent: present }" << EOF
groups:
  web:
    size: 3
    template: { image: next, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    health: { startupTimeout: ${startup_timeout:-2m}, gates: [{ agent: {} }, { http: { port: 80, path: /health } }] }
    shutdown: { grace: 5s }
    update: { maxSurge: 1, maxUnavailable: 0, minReady: 2s${2:+, $2} }
    $(hooks)
EOF
}

everything_running() { { domains_on kvm1; domains_on kvm2; } | sort; }

serves_as_before() {
  everything_running > after
  cmp before after || fail "other guests run than before"
  no_request_failed "$1"
}

cp guest.qcow2 v1.qcow2
cp guest.qcow2 v2.qcow2
qemu-img snapshot -c v2 v2.qcow2          # the same guest, another file
qemu-img create -q -f qcow2 bad.qcow2 64M # nothing to boot from

story "Three guests serve, and a load of requests begins"
group v1
run 0 apply --auto-approve
[ "$(ls "$members" | wc -l)" -eq 3 ] || fail "want three members"
begin_load

story "A new image: one comes before one goes, and no request fails"
group v2
run 0 plan
says 'surge 1, unavailable 0'
run 0 apply --auto-approve
no_request_failed 100
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
[ "$(ls "$members" | wc -l)" -eq 3 ] || fail "want three members"
run 0 plan --detailed-exitcode
everything_running > before
[ "$(grep -c 'demo-web-[345]' before)" -eq 3 ] || fail "want guests of new ordinals"

story "A bad image, which never answers: the rollout goes back by itself, and the group serves"
startup_timeout=25s
group bad 'onFailure: rollback'
run 1 apply --auto-approve
says 'did not become available'
serves_as_before 200
run 0 plan --detailed-exitcode
says 'is not rolled out'

story "It is not tried again, but by force, where it fails once more and goes back again"
run 0 apply --auto-approve
serves_as_before 200
run 1 apply --auto-approve --force
serves_as_before 300

story "A good image again: the file has changed, and it is rolled out"
startup_timeout=2m
group v1 'onFailure: rollback'
run 0 apply --auto-approve
no_request_failed 400
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
