#!/bin/bash
# `vscale watch` is killed (SIGKILL) in every phase of what it does: before it begins, at every kind of action while it makes,
# heals, rolls and removes guests, and while it rests. The next watch goes on: no twin, no orphan, no lost address.
# labels: slow
# timeout: 1500
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

# As many addresses as the group may have guests: one that is lost is missed in the end.
readonly addresses='10.77.0.60 10.77.0.61 10.77.0.62 10.77.0.63'

# the_file IMAGE: one group of guests of that image, whose size is said by an operator.
the_file() {
  yaml --image "next: { source: $work/$1.qcow2, agent: present }" \
    --network 'few: { bridge: br0, addresses: [10.77.0.60-10.77.0.63], prefix: 24, gateway: 10.77.0.1 }' << EOF
groups:
  web:
    size: 1
    template: { image: next, vcpus: 1, memory: 128MiB, networks: [few], storage: local }
    health: { startupTimeout: 2m, gates: [{ agent: {} }], failures: 2, heal: { by: replace, maxUnhealthy: 50% } }
    shutdown: { grace: 2s }
    scaling: { min: 1, max: 4 }
    update: { maxSurge: 1 }
watch: { interval: 2s, follow: file, listen: "127.0.0.1:9188" }
EOF
}

# What there is on both hosts, running or not; and of all volumes those of guests.
domains_everywhere() { for host in $lab_hosts; do on "$host" list --all --name; done | sed '/^$/d' | sort; }
guest_volumes() { for host in $lab_hosts; do volumes_on "$host"; done | grep '^demo-' || true; }

no_twin() {
  local twins
  twins=$(domains_everywhere | uniq -d)
  [ -z "$twins" ] || fail "there are two of: $twins"
}

# killed_at PATTERN: a watch begins, and is killed the moment that its stream has such a line.
killed_at() {
  local line='' stream pid deadline=$((SECONDS + 300))
  # Not by way of a function: the script replaces itself by vscale, so that this is vscale's own pid.
  exec {stream}< <(exec "$lab_tests/lab" run "$vscale" watch --json 2>> "$watch_log" < /dev/null 9>&-)
  pid=$!
  services+=("$pid")
  until [[ $line =~ $1 ]]; do
    [ "$SECONDS" -lt "$deadline" ] || fail "watch did not come to $1; it said: $(tail -n 40 "$watch_log")"
    line=
    read -r -t 5 -u "$stream" line || [ $? -gt 128 ] || fail "watch has ended; it said: $(tail -n 40 "$watch_log")"
    [ -z "$line" ] || printf '%s\n' "$line" >> "$watch_log"
  done
  kill -9 "$pid" || fail "it had ended before it could be killed"
  wait "$pid" 2> /dev/null || true
  exec {stream}<&-
  printf '$ vscale watch    (killed at %s)\n' "$1"
  no_twin
}
killed_as_it_begins() { for kind in "$@"; do killed_at "\"action_start\".*\"kind\":\"$kind\""; done; }
killed_when_done() { for kind in "$@"; do killed_at "\"action_done\".*\"kind\":\"$kind\""; done; }

# the_next_one_finishes SIZE: another watch goes on, and leaves exactly so many guests, whole, and nothing to do.
nothing_is_left() { lab run "$vscale" plan --detailed-exitcode > "$out" 2>&1; }
the_next_one_finishes() {
  begin_watch
  within 300 group_is "$1" "$1"
  within 120 nothing_is_left
  end_watch TERM 0
  run 0 plan --detailed-exitcode
  no_twin
  [ "$(running_everywhere kvm1 kvm2)" -eq "$1" ] || fail "there run $(running_everywhere kvm1 kvm2) guests, want $1"
  [ "$(domains_everywhere | wc -l)" -eq "$1" ] || fail "there are other domains: $(domains_everywhere)"
  [ "$(guest_volumes | wc -l)" -eq $((2 * $1)) ] || fail "want a root disk and a seed for each, there are: $(guest_volumes)"
}

is_somewhere() { for host in $lab_hosts; do on "$host" list --all --uuid; done | grep -qx "$1"; }
first_guest() { domains_everywhere | head -n 1; }

cp guest.qcow2 v1.qcow2
cp guest.qcow2 v2.qcow2
qemu-img snapshot -c v2 v2.qcow2 # the same guest, another file

story "One guest"
at_once the_file v1
run 0 apply --auto-approve

story "Killed as soon as it is there, and then at every action of making one more"
run 0 scale web 2
killed_at '"type":"version"'
killed_as_it_begins instance.claim volume.create seed.write domain.define domain.start gate.wait
the_next_one_finishes 2

story "Killed after an action, and before it has begun another"
run 0 scale web 3
killed_when_done volume.create domain.define domain.start gate.wait
the_next_one_finishes 3

story "Killed while there is nothing to do"
begin_watch
within 60 ticks
after_ticks 2
kill -9 "$watch_pid"
wait "$watch_pid" 2> /dev/null || true
the_next_one_finishes 3

story "Killed while it starts one that was destroyed behind its back"
on "$(host_of "$(first_guest)")" destroy "$(first_guest)"
killed_at '"kind":"healed"'
killed_as_it_begins domain.start
the_next_one_finishes 3

story "Killed while it replaces one that hangs"
hangs=$(domains_everywhere | tail -n 1)
uuid=$(on "$(host_of "$hangs")" domuuid "$hangs")
in_guest "$hangs" "(sleep 1; killall -STOP qemu-ga) > /dev/null 2>&1 &" # once it has answered
killed_as_it_begins domain.stop volume.create domain.define gate.wait
the_next_one_finishes 3
! is_somewhere "$uuid" || fail "$hangs was not replaced"

story "Killed while it removes one"
run 0 scale web 2
killed_as_it_begins domain.stop domain.undefine volume.delete address.release
the_next_one_finishes 2

story "Killed at every turn of a rolling update"
was=$(domains_everywhere)
at_once the_file v2
killed_as_it_begins rollout.begin image.upload rollout.turn gate.wait domain.stop address.release rollout.end
the_next_one_finishes 2
[ -z "$(comm -12 <(echo "$was") <(domains_everywhere))" ] || fail "not all were rolled: $was, and now $(domains_everywhere)"

story "No address was lost: there are four, and four guests get them"
run 0 scale web 4
the_next_one_finishes 4
for address in $addresses; do page "$address"; done | sort > pages
[ "$(tr '\n' ' ' < pages)" = "$(domains_everywhere | tr '\n' ' ')" ] || fail "pages say $(cat pages), and there are $(domains_everywhere)"

run 0 destroy --auto-approve
[ -z "$(domains_everywhere)$(guest_volumes)" ] || fail "destroy left $(domains_everywhere) $(guest_volumes)"
