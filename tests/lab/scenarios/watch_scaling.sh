#!/bin/bash
# Load in real guests makes a group larger and its end makes it smaller; watch is killed in the middle, and the next one goes on.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

yaml << EOF
groups:
  web:
    size: 2
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit: { userData: "#!/bin/sh\n${busy_guest//\\/\\\\}\n" }
    $serves_http
    scaling:
      min: 2
      max: 4
      window: 10s
      cooldown: { out: 2s, in: 5s }
      stabilization: { out: 0s, in: 5s }
      rate: { in: [{ instances: 1, per: 5s }] }
      policies: { cpu: { kind: target, metric: cpu, target: 30 } }
metrics: { interval: 2s }
watch: { interval: 2s }
EOF

burn() { in_guest "$1" "touch /run/burn"; }
cool() { in_guest "$1" "rm -f /run/burn"; }

story "Two guests, applied by hand; watch has nothing to do"
run 0 apply --auto-approve
begin_watch
within 180 group_is 2 2
run 1 apply --auto-approve
says 'in use: watch by'

story "Their processors burn: two become four"
mark
burn demo-web-0
burn demo-web-1
within 300 group_is 4 4
watch_says '2 -> 4|2 -> 3' || fail "it does not say why"
run 0 explain web --count 50
says 'cpu [0-9.]+ %'
run 0 events web --since 10m
says 'scaled'

story "An apply beside it finds the size that watch has made, and changes nothing"
run 0 apply --auto-approve --lock-timeout 90s
says 'No changes'
within 60 watch_says 'makes way'
group_is 4 4 || fail "the group is not what it was"

story "Killed, and begun again: nothing is made twice, and it goes on"
kill -9 "$watch_pid"
wait "$watch_pid" || true
begin_watch
within 300 group_is 4 4
[ "$(running_everywhere kvm1 kvm2)" -eq 4 ] || fail "there are $(running_everywhere kvm1 kvm2) guests"

story "They idle again: one after the other goes, down to two"
cool demo-web-0
cool demo-web-1
within 360 group_is 2 2
[ "$(running_everywhere kvm1 kvm2)" -eq 2 ] || fail "there are $(running_everywhere kvm1 kvm2) guests"

story "An operator holds a size, and the policies have no say"
run 0 scale web 3 --for 1h --reason "launch day"
says 'watch \(pid'
within 180 group_is 3 3
run 0 explain web
says 'by .* since .*, held for'
run 1 scale web 9
says '2 to 4'

story "SIGTERM ends it cleanly"
end_watch TERM 0
tail -n 3 "$watch_log" | grep -q 'stops' || fail "it did not say so: $(tail -n 5 "$watch_log")"
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
