#!/bin/bash
# labels: slow
#
# A host that offers KVM has it tried when its first guest is made. The guest runs by it where KVM works, and is emulated
# where it does not, and plan and status say why. Which of them is true of the machine is found out first, without vscale
# and libvirt. Where KVM is not offered nothing is tried.
LAB_KVM=offered
. "$(dirname "$0")/scenario.sh"
begin 1
config 1

readonly judged_within_s=40 # a guest that gets on by KVM needs seconds, and ten or so by emulation

# gets_on_by ACCELERATOR: does the guest come up on kvm1 if QEMU alone runs it?
gets_on_by() {
  rm -f serial
  # shellcheck disable=SC2016 # for the shell on the host
  lab exec kvm1 timeout "$judged_within_s" bash -c '
    qemu-system-x86_64 -accel "$1" -m 128 -nodefaults -display none -snapshot \
      -drive "file=$2/guest.qcow2,if=virtio" -serial "file:$2/serial" &
    qemu=$!
    trap "kill $qemu 2> /dev/null" EXIT
    until grep -qs "is up after" "$2/serial"; do
      kill -0 "$qemu" 2> /dev/null || exit 1
      sleep 0.2
    done' judge "$1" "$work" > qemu.log 2>&1
}

domain_type() { on kvm1 dumpxml demo-web-0 | sed -n "s/^<domain type='\([a-z]*\)'.*/\1/p"; }
offers_kvm() { on kvm1 capabilities | grep -q "<domain type='kvm'"; }
nothing_is_left() {
  { ! on kvm1 list --all --name | grep -q trial && ! volumes_on kvm1 | grep -q trial; } || fail "the trial left something"
}

story "What KVM is worth here, by QEMU's own word"
expected=qemu
if offers_kvm && gets_on_by kvm; then expected=kvm; fi
# Else a guest that never gets on, for whatever reason, would pass for one that KVM fails.
[ "$expected" = kvm ] || gets_on_by tcg || fail "the guest does not even come up by emulation: $(cat qemu.log serial)"
echo "kvm1 offers KVM: $(offers_kvm && echo yes || echo no); a guest is to be of type $expected"

story "KVM is tried where it is offered, and used where it works"
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
nothing_is_left
[ "$(domain_type)" = "$expected" ] || fail "the guest is of type $(domain_type), want $expected"
run 0 plan --detailed-exitcode
if [ "$expected" = kvm ]; then
  does_not_print 'emulated'
elif offers_kvm; then
  says 'guests on kvm1 are emulated, and slow: KVM fails there'
  run 0 status
  says 'it offers KVM, but a trial guest died'
else
  does_not_print 'KVM fails'
fi
run 0 destroy --auto-approve

story "A host that does not offer it emulates at once"
lab crash kvm1
export LAB_KVM=hidden
lab boot kvm1
! offers_kvm || fail "the lab could not hide it"
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
[ "$(domain_type)" = qemu ] || fail "the guest is of type $(domain_type)"
run 0 plan --detailed-exitcode
does_not_print 'KVM fails'
