#!/bin/bash
# What operators say to a running watch: stop, start, protect, suspend, restart in turns; and watch without staying: --once, --dry-run.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

# the_file SIZE EXTRA: three guests, and how watch is to behave.
the_file() {
  yaml << EOF
groups:
  web:
    size: $1
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    $serves_http
watch: { interval: 2s, listen: "127.0.0.1:9188", $2 }
EOF
}
is_off() { [ -z "$(host_of "$1")" ]; }
is_up() { [ -n "$(host_of "$1")" ]; }
boot_id() { in_guest "$1" "cat /proc/sys/kernel/random/boot_id"; }
is_another_boot() { local now; now=$(boot_id "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; }

at_once the_file 3 "follow: file"
run 0 apply --auto-approve

story "A dry run says what it would do, and does nothing"
host=$(host_of demo-web-1)
on "$host" destroy demo-web-1
run 0 watch --once --dry-run
says 'web-1 start'
is_off demo-web-1 || fail "it was started"

story "One look from cron puts it right"
run 0 watch --once
is_up demo-web-1 || fail "it was not started"
run 0 plan --detailed-exitcode

story "An operator stops one: it goes off, stays off, and is started again when that is taken back"
begin_watch
within 180 group_is 3 3
run 0 stop web-2 --reason "new disk"
within 120 is_off demo-web-2
run 0 events web-2 --since 10m
says 'new disk'
after_ticks 3
is_off demo-web-2 || fail "it was started in spite of that"
run 0 start web-2
within 180 group_is 3 3

story "Healing is suspended: what is destroyed stays so until it is resumed"
run 0 suspend web heal --for 1h --reason debugging
on "$(host_of demo-web-0)" destroy demo-web-0
after_ticks 3
is_off demo-web-0 || fail "it was started in spite of that"
run 0 status
run 0 resume web heal
within 180 group_is 3 3

story "All are restarted in turns: every one has booted again, and never more than one was off"
declare -A before
for i in 0 1 2; do before[$i]=$(boot_id "demo-web-$i"); done
mark
run 0 restart web --rolling --reason "kernel"
for i in 0 1 2; do within 240 is_another_boot "demo-web-$i" "${before[$i]}"; done
within 180 group_is 3 3
one_after_the_other() { awk '/shut down .*\.\.\.$/ { bad += off; off = 1; ++stops } /wait until ready.* ok / { off = 0 } END { exit bad || stops != 3 }'; }
tail -n +"$marked" "$watch_log" | one_after_the_other || fail "watch said: $(tail -n +"$marked" "$watch_log")"

story "The file is followed; one with a mistake is told of, and changes nothing"
mark
at_once the_file 3 "follow: file, intervall: 3s"
within 60 watch_says 'not taken, the one before is kept'
after_ticks 2
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "there are $(running_everywhere kvm1 kvm2) guests"
at_once the_file 2 "follow: file"
within 180 group_is 2 2
[ "$(running_everywhere kvm1 kvm2)" -eq 2 ] || fail "there are $(running_everywhere kvm1 kvm2) guests"

story "Drift is only reported where the file says so, and put right once it says so no more"
at_once the_file 2 "follow: file, drift: report"
host=$(host_of demo-web-0)
after_ticks 2
on "$host" detach-interface demo-web-0 bridge --config > /dev/null
has_card() { on "$host" dumpxml demo-web-0 --inactive | grep -q '<interface'; }
after_ticks 3
! has_card || fail "it was put right"
run 2 plan --detailed-exitcode
says 'attached -> detached'
at_once the_file 2 "follow: file"
within 120 has_card
within 180 group_is 2 2
end_watch TERM 0
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
