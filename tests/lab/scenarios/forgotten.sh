#!/bin/bash
# `removed: then: forget`: vscale lets go of a guest, which runs on and serves, whatever is done afterwards: the group is
# taken out of the file, then its image, then everything is destroyed. Its address is given to nobody else.
. "$(dirname "$0")/scenario.sh"
begin 1
cp guest.qcow2 old.qcow2
echo >> old.qcow2 # another digest, and so another copy in the pool

old_runs_on() {
  answers 10.77.0.50 demo-old-0
  [ "$(on kvm1 domstate demo-old-0)" = running ] || fail "demo-old-0 is $(on kvm1 domstate demo-old-0)"
  lab exec kvm1 qemu-img info -U --backing-chain /var/lib/libvirt/vscale/demo-old-0-root.qcow2 > chain 2>&1 ||
    fail "its disk stands on nothing any more: $(cat chain)"
}

group() { # group NAME IMAGE SIZE
  cat << X
  $1:
    size: $3
    template: { image: $2, vcpus: 1, memory: 128MiB, networks: [lan] }
    $serves_http
X
}

old_image="old: { source: $work/old.qcow2, agent: present }"

story "A guest of its own image"
yaml --image "$old_image" << X
groups:
$(group old old 1)
X
run 0 apply --auto-approve
old_runs_on

story "It is forgotten: nothing of it is touched"
yaml --image "$old_image" << X
removed: [{ address: group.old, then: forget }]
groups:
$(group web tiny 0)
X
run 0 apply --auto-approve
old_runs_on
run 0 plan --detailed-exitcode
run 0 state list
does_not_print 'group.old'

story "Its image is taken out of the file, too, and its address is given to nobody else"
yaml << X
groups:
$(group web tiny 1)
X
run 0 apply --auto-approve
old_runs_on
answers 10.77.0.51 demo-web-0
run 0 plan --detailed-exitcode

story "Destroy takes all that is ours, and what was forgotten is not any more"
run 0 destroy --auto-approve
old_runs_on
[ "$(domains_on kvm1)" = demo-old-0 ] || fail "on kvm1 runs: $(domains_on kvm1)"
[ "$(volumes_on kvm1 | wc -l)" -eq 3 ] || fail "want its image, root disk and seed, and nothing else: $(volumes_on kvm1)"

story "It even starts again, from a disk and an image that are whole"
on kvm1 destroy demo-old-0
on kvm1 start demo-old-0
for _ in $(seq 60); do
  if page 10.77.0.50 > /dev/null 2>&1; then break; fi
  sleep 0.5
done
old_runs_on
