#!/bin/bash
# Guests that are destroyed or hang are healed; a host that is cut off makes its instances unknown, and nothing else.
# labels: slow
# timeout: 1500
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

yaml --transport tcp << EOF
groups:
  web:
    size: 4
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    health:
      startupTimeout: 2m
      gates: [{ agent: {} }, { http: { port: 80, path: /health } }]
      failures: 3
      heal: { by: restart }
    shutdown: { grace: 2s }
watch: { interval: 5s }
EOF

uuid_of() { on "$(host_of "$1")" domuuid "$1"; }
is_up() { [ -n "$(host_of "$1")" ]; }

story "Four guests"
run 0 apply --auto-approve

story "One is destroyed behind its back: it is started again at once, and stays who it was"
# There is word of it: by the next look it would be three minutes.
begin_watch --interval 3m --listen 127.0.0.1:9188
within 60 ticks_are 1
group_is 4 4 || fail "not all are ready"
uuid=$(uuid_of demo-web-1)
mark
on "$(host_of demo-web-1)" destroy demo-web-1
destroyed=$SECONDS
within 60 watch_says 'web-1 .*start'
echo "    seen after $((SECONDS - destroyed)) s"
within 100 group_is 4 4
[ "$(uuid_of demo-web-1)" = "$uuid" ] || fail "another one came"
end_watch TERM 0
begin_watch

story "One hangs: after three failures in a row it is restarted"
mark
in_guest demo-web-2 "(sleep 1; killall -STOP qemu-ga) > /dev/null 2>&1 &" # once it has told how it ended
within 240 watch_says 'web-2 .*restart'
watch_says '3 failures in a row' || fail "it does not say why"
within 180 group_is 4 4

story "Watch is ended by kill -9 while one boots; the next one goes on"
mark
on "$(host_of demo-web-3)" destroy demo-web-3
within 60 watch_says 'web-3 .*start'
kill -9 "$watch_pid"
wait "$watch_pid" || true
begin_watch
within 180 group_is 4 4

story "A second watch waits as standby, and takes over"
"$lab_tests/lab" run "$vscale" watch > standby.log 2>&1 < /dev/null 9>&- &
standby=$!
services+=("$standby")
within 60 grep -q 'in use: watch by' standby.log
end_watch TERM 0
on "$(host_of demo-web-0)" destroy demo-web-0
within 120 grep -q 'the lock is free' standby.log
within 180 group_is 4 4
watch_pid=$standby
cat standby.log >> "$watch_log"

story "A host is cut off: its guests are unknown, nothing is made anew, and the other host's are looked after"
lab cut kvm2
there=$(domains_on kvm2 | wc -l)
within 180 sh -c "grep -q 'kvm2 .*silent' standby.log"
victim=$(domains_on kvm1 | head -n 1)
on kvm1 destroy "$victim"
within 120 is_up "$victim"
[ "$(domains_on kvm2 | wc -l)" -eq "$there" ] || fail "kvm2 was touched"
[ "$(running_everywhere kvm1 kvm2)" -eq 4 ] || fail "there are $(running_everywhere kvm1 kvm2) guests"
lab heal kvm2
within 240 group_is 4 4

story "A host loses its power and comes back: all that was there is started again"
lab crash kvm1
lab boot kvm1
within 300 group_is 4 4
kill -TERM "$standby"
wait "$standby" || true
run 0 destroy --auto-approve
