#!/bin/bash
# Three guests on two hosts come up and answer; the group grows and shrinks; what is stopped or destroyed by hand is seen
# as drift and put right; destroy takes everything that is ours and nothing else. A kept disk outlives its machine, is
# given to the next of that name with all that is on it, and goes only where loss is allowed.
. "$(dirname "$0")/scenario.sh"
begin 2

story "A domain that is not ours runs on kvm1"
lab exec kvm1 qemu-img create -q -f qcow2 /var/lib/libvirt/foreign.qcow2 64M
cat > foreign.xml << 'X'
<domain type='qemu'><name>foreign</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/foreign.qcow2'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>
X
on kvm1 define foreign.xml
on kvm1 start foreign

story "Plan shows three creations and applies nothing"
config 3
run 0 validate
run 2 plan --detailed-exitcode
prints 'Plan: 3 create'
[ "$(running_everywhere kvm1 kvm2)" -eq 1 ] || fail "plan started something"

story "Apply brings three guests up on two hosts, ready, each on its address"
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
answers 10.77.0.51 demo-web-1
answers 10.77.0.52 demo-web-2
[ "$(running_everywhere kvm1 kvm2)" -eq 4 ] || fail "want four running domains"
[ "$(domains_on kvm2 | wc -l)" -ge 1 ] || fail "kvm2 got none"
run 0 plan --detailed-exitcode
run 0 status
prints '3/3'
[ "$(stat -c %a vscale.db)" = 600 ] || fail "the statefile is readable by others"

story "It grows to five"
config 5
run 0 apply --auto-approve
answers 10.77.0.53 demo-web-3
answers 10.77.0.54 demo-web-4
run 0 plan --detailed-exitcode

story "And back to three: the highest ordinals go, with their volumes and addresses"
config 3
run 0 apply --auto-approve
[ "$(running_everywhere kvm1 kvm2)" -eq 4 ] || fail "want three of ours and the foreign one"
{ volumes_on kvm1; volumes_on kvm2; } > volumes
! grep -Eq 'demo-web-[34]' volumes || fail "volumes of web-3 or web-4 are left: $(cat volumes)"
run 0 plan --detailed-exitcode

story "One stopped by hand, one destroyed by hand"
stopped_host=$(host_of demo-web-0)
gone_host=$(host_of demo-web-1)
on "$stopped_host" destroy demo-web-0
on "$gone_host" destroy demo-web-1
on "$gone_host" undefine demo-web-1
run 2 plan --detailed-exitcode
prints 'Drift'
prints 'web-0.*shut off'
prints 'web-1'
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
answers 10.77.0.51 demo-web-1
run 0 plan --detailed-exitcode

story "Destroy takes what is ours and leaves what is not"
run 0 destroy --auto-approve
[ "$(domains_on kvm1)" = foreign ] || fail "on kvm1 runs: $(domains_on kvm1)"
[ -z "$(on kvm2 list --all --name | sed '/^$/d')" ] || fail "kvm2 still has domains"
{ volumes_on kvm1; volumes_on kvm2; } > volumes
! grep -q '^demo-' volumes || fail "volumes are left: $(cat volumes)"
run 0 destroy --auto-approve

story "A machine writes onto a disk that is to be kept"
yaml << EOF
machines:
  db:
    image: tiny
    vcpus: 1
    memory: 128MiB
    networks: [lan]
    storage: local
    disks: [{ name: data, size: 64MiB, keep: true }]
    $serves_http
EOF
run 0 apply --auto-approve
data_host=$(host_of demo-db)
[ "$(in_guest demo-db 'echo precious | dd of=/dev/vdb 2> /dev/null; sync; head -c 8 /dev/vdb')" = precious ] ||
  fail "nothing can be written onto the disk: $(cat status.json)"

story "Destroy takes the machine and leaves the disk"
run 0 destroy --auto-approve
[ "$(volumes_on "$data_host" | grep '^demo-')" = demo-db-data.qcow2 ] || fail "these are there: $(volumes_on "$data_host")"

story "The machine comes back to its disk, and what was on it"
run 0 apply --auto-approve
[ "$(host_of demo-db)" = "$data_host" ] || fail "db is on another host than its disk"
[ "$(in_guest demo-db 'head -c 8 /dev/vdb')" = precious ] || fail "on the disk is something else: $(cat status.json)"
run 0 plan --detailed-exitcode

story "Where loss is allowed, the disk goes too"
run 0 destroy --auto-approve --allow-data-loss
{ volumes_on kvm1; volumes_on kvm2; } > volumes
! grep -q '^demo-' volumes || fail "volumes are left: $(cat volumes)"
[ "$(domains_on kvm1)" = foreign ] || fail "on kvm1 runs: $(domains_on kvm1)"
