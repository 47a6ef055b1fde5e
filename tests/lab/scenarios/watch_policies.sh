#!/bin/bash
# Groups that follow a schedule, steps by a number from a page, and guests that ask to be ended while their places are needed.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

# The minute that comes in so many minutes from now, as cron has it.
minute_in() { date -u --date "$1 minutes" '+%-M %-H * * *'; }

# group NAME SIZE POLICIES: tiny guests, one page of which is /n. Of changes nobody has to wait.
group() {
  cat << EOF
  $1:
    size: $2
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit: { userData: "#!/bin/sh\necho '{ \"n\": 1, \"free\": 10, \"leave\": false }' > /run/www/n\n" }
    $serves_http
    scaling:
      min: 1
      max: 3
      cooldown: { out: 0s, in: 0s }
      stabilization: { out: 0s, in: 0s }
      policies: { $3 }
EOF
}
number_is() { in_guest demo-pages-0 "echo '{ \\\"n\\\": $1 }' > /run/www/n"; }

# the_file OPENS CLOSES: where `hours` has its window.
the_file() {
  yaml << EOF
groups:
$(group pages 1 'none: { kind: schedule, start: "0 0 1 1 *", end: "0 1 1 1 *", min: 1 }')
$(group steps 1 'burst: { kind: step, threshold: 10, for: 2/3, steps: [{ from: 0, to: 5, add: 1 }, { from: 5, add: 2 }, { to: -5, add: -1 }], http: { url: "http://10.77.0.50/n", value: /n } }')
$(group hours 1 "day: { kind: schedule, zone: UTC, start: \"$1\", end: \"$2\", min: 2 }, floor: { kind: target, per: instance, target: 10, command: [echo, 1] }")
$(group slots 2 'slots: { kind: capacity, perInstance: 10, minAvailable: 15, http: { scheme: http, port: 80, path: /n, available: /free, terminate: /leave, timeout: 2s } }')
watch: { interval: 2s, follow: file }
EOF
}

at_once the_file "$(minute_in 300)" "$(minute_in 400)"

story "Each has the size that the file says, and explain says when the window opens and closes"
run 0 apply --auto-approve
run 0 explain hours
says 'day .* UTC window opens: min 2'
says 'day .* UTC window closes'
begin_watch
within 120 group_has slots 2 2
group_has steps 1 1 || fail "steps has another size, though its number is far below"

story "A number above the threshold, in two of three looks: a step further, and another one while it stays so"
mark
number_is 12
within 300 group_has steps 3 3
watch_says 'steps 1 -> 2: burst' || fail "it does not say so"

story "It falls far below: step by step back"
number_is 1
within 240 group_has steps 1 1

story "One guest asks to be ended while its places are needed: another one comes before it goes"
mark
in_guest demo-slots-0 "echo '{ \\\"free\\\": 10, \\\"leave\\\": true }' > /run/www/n"
within 120 watch_says 'slots-0 asked: it asked to be ended'
asked_is_gone() { [ -z "$(host_of demo-slots-0)" ] && group_has slots 2 2; }
within 300 asked_is_gone
[ "$(for host in $lab_hosts; do domains_on "$host"; done | grep -c '^demo-slots-')" -eq 2 ] || fail "want two guests of slots"

# It is said when it opens only now, and when it closes only once it is open: neither is over before anybody looks.
story "The window opens: the group is kept at two; it closes: one is enough again"
mark
opens=$(minute_in 1)
at_once the_file "$opens" "$(minute_in 400)"
within 300 group_has hours 2 2
watch_says 'hours 1 -> 2: day: window open' || fail "it does not say so"
run 0 explain hours --count 20
says 'day'
mark
at_once the_file "$opens" "$(minute_in 2)"
within 300 group_has hours 1 1
watch_says 'hours 2 -> 1' || fail "it does not say so"

end_watch TERM 0
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
