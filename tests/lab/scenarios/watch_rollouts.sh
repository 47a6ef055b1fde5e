#!/bin/bash
# What watch does not do: take guests away in the middle of a rolling update, take those that are protected, make again and
# again what never gets ready, heal many at once. And what it does all the same: it grows the group, and looks after others.
# labels: slow
# timeout: 1500
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

# the_file VERSION: a group of guests that answer GET /version with it, from an image of that name, as large as the number in
# the file `load`. What else the file has comes from $more_groups.
more_groups=
the_file() {
  yaml --image "next: { source: $work/$1.qcow2, agent: present }" --image "empty: { source: $work/empty.qcow2, agent: present }" << EOF
groups:
  web:
    size: 3
    template:
      image: next
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit: { userData: "#!/bin/sh\necho $1 > /run/www/version\n" }
    health:
      startupTimeout: 2m
      gates: [{ agent: {} }, { http: { port: 80, path: /health } }]
      failures: 5
      heal: { when: readiness, by: restart, maxUnhealthy: 40% }
    shutdown: { grace: 2s }
    update: { maxSurge: 1, steps: [{ to: 1, pause: manual }, { to: "100%" }] }
    scaling:
      min: 1
      max: 5
      cooldown: { out: 0s, in: 0s }
      stabilization: { out: 0s, in: 0s }
      rate: { out: [{ instances: 5, per: 1s }], in: [{ instances: 5, per: 1s }] }
      policies: { load: { kind: target, per: instance, target: 1, tolerance: 0, command: [cat, $work/load] } }
$more_groups
watch: { interval: 2s, follow: file, listen: "127.0.0.1:9188" }
EOF
}
load() { echo "$1" > load.new && mv load.new load; }

# versions_are WANT: how many guests of web serve which version, such as "1 v2 2 v1".
addresses_of_web() { lab run "$vscale" status web --json | grep -o '"addresses":\["[0-9.]*"' | grep -o '[0-9.]*[0-9]'; }
versions() { for address in $(addresses_of_web); do lab run curl -sSf --max-time 5 "http://$address/version"; done | sort | uniq -c | xargs; }
versions_are() { [ "$(versions)" = "$1" ]; }

guests_of() { for host in $lab_hosts; do domains_on "$host"; done | grep "^demo-$1-" | sort; }
is_up() { [ -n "$(host_of "$1")" ]; }
is_off() { [ -z "$(host_of "$1")" ]; }
explains() { lab run "$vscale" explain web > "$out" && tr -s '[:space:]' ' ' < "$out" | grep -Eq -- "$1"; }
rollout_is() { lab run "$vscale" rollout status web > "$out" && tr -s '[:space:]' ' ' < "$out" | grep -Eq -- "$1"; }

cp guest.qcow2 v1.qcow2
cp guest.qcow2 v2.qcow2
qemu-img snapshot -c v2 v2.qcow2            # the same guest, another file
qemu-img create -q -f qcow2 empty.qcow2 64M # nothing to boot from

story "Three guests, as the load has it"
load 3
at_once the_file v1
run 0 apply --auto-approve
begin_watch
within 180 group_is 3 3

story "Another image in the file: watch rolls it as far as the step where it is to wait for a person"
at_once the_file v2
within 240 rollout_is 'waits at step 1 of 2'
versions_are '2 v1 1 v2' || fail "web serves $(versions)"

story "A load that falls in the middle of it: nobody goes, and it says why"
load 1
within 90 explains 'a rolling update goes on: nothing goes'
after_ticks 3
group_is 3 3 || fail "it was made smaller"
versions_are '2 v1 1 v2' || fail "web serves $(versions)"

story "A load that rises in the middle of it: one more comes, of the new version, and the update still waits"
load 4
within 300 group_is 4 4
versions_are '2 v1 2 v2' || fail "web serves $(versions)"
rollout_is 'waits at step 1 of 2' || fail "it does not wait any more"

story "Once it is promoted and has come to its end, the group becomes as small as the load has it"
load 3
within 90 explains 'a rolling update goes on: nothing goes'
mark
run 0 rollout promote web
within 360 watch_says 'web 4 -> 3'
within 180 group_is 3 3
versions_are '3 v2' || fail "web serves $(versions)"
run 0 events web --since 1h --json
[ "$(grep -o '"kind":"rolled out"\|"text":"4 -> 3' "$out" | tail -n 2 | head -n 1)" = '"kind":"rolled out"' ] || fail "it went before"

story "Those that are protected stay where others go, and nobody goes where all are protected"
# Without a word, one of two on the same host would go before one that is alone on another.
crowded=kvm1
[ "$(domains_on kvm1 | wc -l)" -eq 2 ] || crowded=kvm2
protected=$(domains_on "$crowded")
[ "$(echo "$protected" | wc -l)" -eq 2 ] || fail "want two of three on one host"
for guest in $protected; do run 0 protect "${guest#demo-}" --reason "a long job"; done
load 2
within 180 group_is 2 2
[ "$(guests_of web)" = "$protected" ] || fail "there are $(guests_of web), want $protected"
load 1
within 90 explains '2 may not go: protected'
says 'a long job'
after_ticks 3
[ "$(guests_of web)" = "$protected" ] || fail "there are $(guests_of web), want $protected"

story "One that is not protected any more goes"
freed=$(echo "$protected" | head -n 1)
run 0 unprotect "${freed#demo-}"
within 180 group_is 1 1
stays=$(echo "$protected" | tail -n 1)
[ "$(guests_of web)" = "$stays" ] || fail "there are $(guests_of web)"
run 0 unprotect "${stays#demo-}"

story "A guest that never gets ready is healed three times and then rests, and all others are looked after meanwhile"
more_groups='  bad:
    size: 1
    template: { image: empty, vcpus: 1, memory: 64MiB, networks: [lan], storage: local }
    health: { startupTimeout: 10s, gates: [{ agent: {} }], heal: { by: restart } }
    shutdown: { grace: 1s }
    scaling: { min: 1, max: 1, provisionTimeout: 30s }
  pair:
    size: 2
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit: { userData: "#!/bin/sh\n[ $(hostname) != demo-pair-1 ] || rm /run/www/health\n" }
    health: { startupTimeout: 70s, gates: [{ agent: {} }, { http: { port: 80, path: /health } }], heal: { by: restart } }
    shutdown: { grace: 2s }'
heals() { lab run "$vscale" events bad --since 1h --json | grep -o '"kind":"healed"' | wc -l; }
heals_are() { [ "$(heals)" -eq "$1" ]; }
# runs_of GROUP: which runs of its guests there are: a restarted one has another number, on its host.
runs_of() { for host in $lab_hosts; do on "$host" list --name --id | sed "s/^/$host /"; done | grep " demo-$1-" | sort || true; }
uuid_of() { on "$(host_of "$1")" domuuid "$1"; }
mark
at_once the_file v2
within 120 is_up demo-bad-0
first=$(runs_of bad) uuid=$(uuid_of demo-bad-0)
within 120 watch_says 'bad-0 healed: restart: not ready [0-9]+s after its start, startupTimeout 10s'
is_another_run() { is_up demo-bad-0 && [ "$(runs_of bad)" != "$first" ]; }
within 120 is_another_run

echo "    in another group"
victim=$(guests_of web)
on "$(host_of "$victim")" destroy "$victim"
within 30 is_up "$victim"

echo "    in the same group as one that never gets ready"
within 240 watch_says 'pair-1 wait until ready: agent, http :80/health FAILED'
after_ticks 2
on "$(host_of demo-pair-0)" destroy demo-pair-0
within 30 is_up demo-pair-0

within 300 heals_are 3
watch_says 'bad-0 healed: replace' || fail "it was never replaced, though provisionTimeout is over"
is_another() { is_up demo-bad-0 && [ "$(uuid_of demo-bad-0)" != "$uuid" ]; }
within 120 is_another
after_ticks 8
last=$(runs_of bad)
after_ticks 12
heals_are 3 || fail "it was healed $(heals) times"
[ "$(runs_of bad)" = "$last" ] || fail "it was made or started again: $last, and now $(runs_of bad)"
run 0 explain bad
says 'bad-0: healed 3 times lately; in a crash loop, tried again in [1-4]m'
run 0 status
within 180 group_is 1 1

story "Four of five are ill at once: nobody is restarted, none is taken away, and it says why"
load 5
within 300 group_is 5 5
before=$(runs_of web)
ill=$(guests_of web | head -n 4)
# All at once, as far as vscale can tell: on a busy machine the first would be healed before the last falls ill.
run 0 suspend web heal
for guest in $ill; do in_guest "$guest" "rm /run/www/health"; done
are_ill() { explains "${1#demo-}: ([5-9]|[1-9][0-9]) failures in a row"; }
for guest in $ill; do within 180 are_ill "$guest"; done
run 0 resume web heal
load 2
within 90 explains '4 of 5 are unready \(80 %\), more than 3 and than 45 %'
after_ticks 5
[ "$(runs_of web)" = "$before" ] || fail "there ran $before, and now $(runs_of web)"
run 0 explain web
says '4 of 5 are ill, 2 allowed \(maxUnhealthy 40 %\)'

story "Three of them are well again: the one that is left is restarted, and nobody else"
load 5
for guest in $(echo "$ill" | tail -n 3); do in_guest "$guest" "echo ok > /run/www/health"; done
healed=$(echo "$ill" | head -n 1)
was_restarted() { [ -n "$(host_of "$healed")" ] && ! echo "$before" | grep -qxF "$(runs_of web | grep " $healed\$")"; }
within 180 was_restarted
within 180 group_is 5 5
[ "$(comm -12 <(echo "$before") <(runs_of web) | wc -l)" -eq 4 ] || fail "there ran $before, and now $(runs_of web)"
end_watch TERM 0
run 0 destroy --auto-approve
[ "$(running_everywhere kvm1 kvm2)" -eq 0 ] || fail "destroy left guests"
