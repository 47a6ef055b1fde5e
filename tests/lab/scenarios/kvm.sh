#!/bin/bash
# labels: slow
#
# A host that offers KVM has it tried when its first guest is made. The guest runs by it, or is emulated and plan and status
# say why: whichever is true of the machine. Where KVM is not offered nothing is tried.
LAB_KVM=offered
. "$(dirname "$0")/scenario.sh"
begin 1
config 1

domain_type() { on kvm1 dumpxml demo-web-0 | sed -n "s/^<domain type='\([a-z]*\)'.*/\1/p"; }
offers_kvm() { on kvm1 capabilities | grep -q "<domain type='kvm'"; }
nothing_is_left() {
  { ! on kvm1 list --all --name | grep -q trial && ! volumes_on kvm1 | grep -q trial; } || fail "the trial left something"
}

story "KVM is tried where it is offered"
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
nothing_is_left
type=$(domain_type)
run 0 plan --detailed-exitcode
if [ "$type" = kvm ]; then
  does_not_print 'emulated'
elif offers_kvm; then
  says 'guests on kvm1 are emulated, and slow: KVM fails there'
  run 0 status
  says 'it offers KVM, but a trial guest died'
else
  does_not_print 'KVM fails'
fi
echo "kvm1 offers KVM: $(offers_kvm && echo yes || echo no); the guest is of type $type"
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
