#!/bin/bash
# The libvirtd of a host stops in its tracks (SIGSTOP): it takes calls, and never answers. What is there is unknown and is left
# alone. All others are looked after as if nothing were: healed, made more. Once it goes on, nothing has to be repaired.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 3

# A look waits 8 s for a host, and only one does (kHostAwaited); the next look comes 2 s later at most. To wait until the
# connection is given up would take 20 s, and until a call is, 60 s.
readonly soon_s=16
readonly stopped_s=75 # so long at least: by then its links have been given up, and made anew

# Inside the host, by the pid that is its own there.
signal_libvirtd() { lab exec kvm3 sh -c "kill -$1 \$(cat /run/libvirtd.pid)"; }
is_stopped=false
go_on_and_finish() {
  local status=$?
  set +e
  ! $is_stopped || signal_libvirtd CONT
  (exit "$status")
  finish
}
trap go_on_and_finish EXIT

# Of `far`, what is on kvm3 would have a place on kvm2.
yaml --transport tcp --network "pages: { bridge: br0, addresses: [10.77.0.60-10.77.0.63], prefix: 24, gateway: 10.77.0.1 }" << EOF
groups:
  near:
    hosts: [kvm1]
    size: 2
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [pages], storage: local }
    $serves_http
    scaling: { min: 2, max: 4 }
  far:
    hosts: [kvm2, kvm3]
    size: 2
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    $serves_http
watch: { interval: 2s, listen: "127.0.0.1:9188" }
EOF

# Which runs of which guests there are: a restarted one has another number, one that was made anew another uuid.
runs_on() { on "$1" list --name --id --uuid | sort; }
is_up_on() { domains_on "$1" | grep -qx "$2"; }
serves() { for address in 10.77.0.6{0..3}; do lab run curl -sS --max-time 2 "http://$address/" || true; done | grep -qx "$1"; }
seconds_since() { awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $1 }"; }

# is_healed_soon GUEST: one of kvm1, once it is destroyed behind vscale's back.
is_healed_soon() {
  local began=$EPOCHREALTIME healed up
  mark
  on kvm1 destroy "$1"
  within "$soon_s" watch_says "${1#demo-} healed"
  healed=$(seconds_since "$began")
  within 60 is_up_on kvm1 "$1"
  up=$(seconds_since "$began")
  within 120 serves "$1"
  echo "    $1: told of after $healed s, up after $up s, serves after $(seconds_since "$began") s"
}

story "Two guests on kvm1, and one of another group on each of kvm2 and kvm3"
run 0 apply --auto-approve
{ [ "$(domains_on kvm2 | wc -l)" -eq 1 ] && [ "$(domains_on kvm3 | wc -l)" -eq 1 ]; } || fail "want one of far on each"
begin_watch
within 60 ticks
after_ticks 2
run 0 plan --detailed-exitcode
far_on_kvm2=$(runs_on kvm2) far_on_kvm3=$(runs_on kvm3)

story "The libvirtd of kvm3 stops, and is told of as silent; one that is destroyed at this very moment is healed"
is_stopped=true
signal_libvirtd STOP
stopped=$SECONDS
is_stopped_for() { [ $((SECONDS - stopped)) -ge "$1" ]; }
is_healed_soon demo-near-0
within "$soon_s" watch_says 'kvm3 silent: .*its instances are left alone'
told=$SECONDS looks=$(ticks)

story "An operator wants one more of the group that is not on kvm3"
began=$EPOCHREALTIME
run 0 scale near 3 --reason "launch day"
within "$soon_s" is_up_on kvm1 demo-near-2
echo "    it is up $(seconds_since "$began") s later"
within 120 serves demo-near-2
echo "    and serves $(seconds_since "$began") s later"

story "Status says that nothing is known of what is on kvm3, and a plan leaves it alone"
run 3 status
prints 'kvm3 +UNREACHABLE'
run 3 status far
prints 'far-[01] +kvm3 +unknown'
run 3 plan
prints 'No changes on the hosts that answer'

story "It stays so for long, its links are given up and made anew: nobody waits for it again"
is_healed_soon demo-near-1
within 120 is_stopped_for "$stopped_s"
is_healed_soon demo-near-2
looks=$(($(ticks) - looks)) seconds=$((SECONDS - told))
echo "    $looks looks in $seconds s"
[ $((looks * 6)) -ge "$seconds" ] || fail "only $looks looks in $seconds s: they have waited"

story "Of the other group, nobody was touched"
[ "$(runs_on kvm2)" = "$far_on_kvm2" ] || fail "on kvm2 there ran $far_on_kvm2, and now $(runs_on kvm2)"
run 0 events far --since 1h
does_not_print 'healed|scaled'

story "It goes on: kvm3 answers again, the guest there has run all the while, and there is nothing to do"
mark
began=$EPOCHREALTIME
signal_libvirtd CONT
is_stopped=false
within 60 watch_says 'kvm3 answers'
echo "    told of $(seconds_since "$began") s later"
after_ticks 5
run 0 plan --detailed-exitcode
run 0 status
[ "$(runs_on kvm2)" = "$far_on_kvm2" ] || fail "on kvm2 there ran $far_on_kvm2, and now $(runs_on kvm2)"
[ "$(runs_on kvm3)" = "$far_on_kvm3" ] || fail "on kvm3 there ran $far_on_kvm3, and now $(runs_on kvm3)"
[ "$(domains_on kvm1 | xargs)" = 'demo-near-0 demo-near-1 demo-near-2' ] || fail "on kvm1 runs: $(domains_on kvm1)"
end_watch TERM 0
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
