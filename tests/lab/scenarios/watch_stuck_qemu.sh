#!/bin/bash
# The QEMU of a guest stops in its tracks (SIGSTOP), so that whoever asks for what it uses waits for it. Its host answers all
# the same: others there are looked after, and the guest itself is healed after its failures.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 1

yaml << EOF
groups:
  web:
    size: 3
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    health: { gates: [{ agent: {} }], failures: 3, startupTimeout: 2m, heal: { maxUnhealthy: 70% } }
    scaling:
      min: 1
      max: 4
      policies: { cpu: { kind: target, metric: cpu, target: 100 } }
metrics: { interval: 2s }
watch: { interval: 2s, listen: "127.0.0.1:9188" }
EOF

qemu_of() { lab exec kvm1 sh -c "cat /run/libvirt/qemu/$1.pid"; }
stopped=""
go_on_and_finish() {
  local status=$?
  set +e
  [ -z "$stopped" ] || lab exec kvm1 kill -CONT "$stopped" 2> /dev/null
  (exit "$status")
  finish
}
trap go_on_and_finish EXIT

story "Three guests, of which watch measures what they use"
run 0 apply --auto-approve
begin_watch
within 60 ticks
after_ticks 5

story "The QEMU of one stops: its host is not silent, and another guest there that is destroyed is healed at once"
mark
stopped=$(qemu_of demo-web-0)
lab exec kvm1 kill -STOP "$stopped"
began=$SECONDS
after_ticks 2
on kvm1 destroy demo-web-1
within 20 watch_says 'web-1 healed: start'
echo "    healed $((SECONDS - began)) s after the QEMU of web-0 was stopped"
run 0 status
prints 'kvm1 +up'

story "It answers no more, and is healed itself, after three failures in a row"
within 180 watch_says 'web-0 healed: (restart|replace): [0-9]+ failures in a row'
if watch_says 'kvm1 silent'; then fail "the host was said to be silent"; fi
within 240 group_is 3 3 # libvirtd lists no domains while it kills a process that is stopped, which takes some seconds

end_watch TERM 0
run 0 plan
prints 'No changes'
run 0 destroy --auto-approve
