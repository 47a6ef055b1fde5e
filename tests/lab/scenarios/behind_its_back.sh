#!/bin/bash
# What somebody does on a host and vscale only finds: a definition that is removed under a running guest, a card that is
# detached, a seed that is deleted. Each is put right before it costs a disk. A host that gets another name in the file is
# the same host: guests, kept disks and copies of images follow.
# labels: slow
. "$(dirname "$0")/scenario.sh"
begin 2

# The data disk's host, under the name that the file gives it.
config_with_machine() {
  yaml << EOF
groups:
  web:
    size: 1
    hosts: [kvm1]
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    update: { maxSurge: 0 } # who is replaced keeps its address, by which it is asked here
    $serves_http
machines:
  db:
    image: tiny
    vcpus: 1
    memory: 128MiB
    networks: [lan]
    storage: local
    hosts: [kvm2]
    disks: [{ name: data, size: 64MiB, keep: true }]
    $serves_http
EOF
}

disk_of_web() { lab exec kvm1 stat -c '%i' /var/lib/libvirt/vscale/demo-web-0-root.qcow2; }

story "A guest and a machine with a disk that is kept"
config_with_machine
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
disk=$(disk_of_web)
[ "$(in_guest demo-db 'echo precious | dd of=/dev/vdb 2> /dev/null; sync; head -c 8 /dev/vdb')" = precious ] ||
  fail "nothing can be written onto the disk: $(cat status.json)"

story "The guest is undefined while it runs: it is defined again, and notices nothing"
on kvm1 undefine demo-web-0
[ "$(on kvm1 list --transient --name | sed '/^$/d')" = demo-web-0 ] || fail "undefine left it a definition"
domain_id=$(on kvm1 domid demo-web-0)
run 2 plan --detailed-exitcode
says 'web-0 kvm1 definition removed define again'
run 0 apply --auto-approve --allow live
[ "$(on kvm1 list --persistent --name | sed '/^$/d')" = demo-web-0 ] || fail "it has no definition"
[ "$(on kvm1 domid demo-web-0)" = "$domain_id" ] || fail "it was started anew"
run 0 plan --detailed-exitcode

story "So a power loss costs it nothing"
lab crash kvm1
lab boot kvm1
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
[ "$(disk_of_web)" = "$disk" ] || fail "its root disk was made anew"

story "Nobody looks before the next power loss: it is defined again, with its disk"
on kvm1 undefine demo-web-0
lab crash kvm1
lab boot kvm1
run 2 plan --detailed-exitcode
says 'domain missing define again, with its disks'
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
[ "$(disk_of_web)" = "$disk" ] || fail "its root disk was made anew"

story "A snapshot is taken, and then it is undefined: it is not defined on what lies under that, and the way out is said"
on kvm1 snapshot-create-as demo-web-0 later --disk-only --no-metadata > /dev/null
on kvm1 destroy demo-web-0 > /dev/null
on kvm1 undefine demo-web-0
run 3 apply --auto-approve
says 'demo-web-0-root.later on kvm1 looks like a snapshot of its disk'
says 'qemu-img commit /var/lib/libvirt/vscale/demo-web-0-root.later, then rm it'
lab exec kvm1 qemu-img commit -q /var/lib/libvirt/vscale/demo-web-0-root.later
lab exec kvm1 rm /var/lib/libvirt/vscale/demo-web-0-root.later
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
[ "$(disk_of_web)" = "$disk" ] || fail "its root disk was made anew"

story "Its card is detached: it is attached again, by a reboot"
on kvm1 detach-interface demo-web-0 bridge --config > /dev/null
run 2 plan --detailed-exitcode
says 'attached -> detached attach again, by a reboot'
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
run 0 plan --detailed-exitcode

story "Its seed is deleted, and then it stops: the seed is written again, and it starts"
lab exec kvm1 rm /var/lib/libvirt/vscale/demo-web-0-seed.iso
on kvm1 destroy demo-web-0 > /dev/null
run 0 apply --auto-approve
says 'seed missing write again'
answers 10.77.0.50 demo-web-0

story "The image under it is deleted, and then it stops: the image is sent again, and it starts"
lab exec kvm1 sh -c 'rm /var/lib/libvirt/vscale/vscale-image-*'
on kvm1 destroy demo-web-0 > /dev/null
run 0 apply --auto-approve
says 'send 16.* MiB to kvm1'
answers 10.77.0.50 demo-web-0

story "Its root disk is deleted while it runs: that is said, with a way out, and the way leads out"
lab exec kvm1 rm /var/lib/libvirt/vscale/demo-web-0-root.qcow2
on kvm1 pool-refresh vscale > /dev/null
run 0 plan --detailed-exitcode
says 'it runs on until it stops, and will not start again'
says 'replace group.web\[0\]'
run 0 apply --auto-approve --replace 'group.web[0]'
answers 10.77.0.50 demo-web-0
run 0 plan --detailed-exitcode

story "kvm2 is called kvm9 in the file: what is there is still there"
sed -i 's/^  kvm2: /  kvm9: /; s/hosts: \[kvm2\]/hosts: [kvm9]/' vscale.yaml
run 2 plan --detailed-exitcode
says 'host.kvm9: was kvm2: 1 instance, 1 copy of an image'
run 0 apply --auto-approve
prints '1 of 1 action'
run 0 plan --detailed-exitcode
run 0 status
prints 'db +kvm9 +ready'

story "A snapshot of the machine's disk is taken: it is not stopped before that is merged"
on kvm2 snapshot-create-as demo-db later --disk-only --no-metadata > /dev/null
[ "$(in_guest demo-db 'echo valuable | dd of=/dev/vdb 2> /dev/null; sync; head -c 8 /dev/vdb')" = valuable ] ||
  fail "nothing can be written onto the snapshot: $(cat status.json)"
run 0 apply --auto-approve --replace machine.db
says 'its kept disk data goes on in /var/lib/libvirt/vscale/demo-db-data.later, as after a snapshot'
run 1 destroy --auto-approve --target machine.db
says 'virsh blockcommit demo-db FILE --active --pivot'
for disk in demo-db-root demo-db-data; do
  on kvm2 blockcommit demo-db "/var/lib/libvirt/vscale/$disk.later" --active --pivot > /dev/null
  lab exec kvm2 rm "/var/lib/libvirt/vscale/$disk.later"
done
run 0 apply --auto-approve --replace machine.db
[ "$(in_guest demo-db 'head -c 8 /dev/vdb')" = valuable ] || fail "on the disk is something else: $(cat status.json)"

story "A data disk is deleted under the machine, which alone still has it: it is not stopped"
disk_file=/var/lib/libvirt/vscale/demo-db-data.qcow2
lab exec kvm2 ln "$disk_file" "$disk_file.kept"
on kvm2 vol-delete demo-db-data.qcow2 vscale > /dev/null
run 1 destroy --auto-approve --target machine.db
says 'only the guest still has it'
[ "$(in_guest demo-db 'head -c 8 /dev/vdb')" = valuable ] || fail "the guest has lost it: $(cat status.json)"
lab exec kvm2 mv "$disk_file.kept" "$disk_file"
on kvm2 pool-refresh vscale > /dev/null

story "The machine goes, its disk is kept, and the host gets its old name back: the machine takes up its disk"
run 0 destroy --auto-approve --target machine.db
config_with_machine
run 0 apply --auto-approve
says 'host.kvm2: was kvm9: 1 kept disk, 1 copy of an image'
[ "$(in_guest demo-db 'head -c 8 /dev/vdb')" = valuable ] || fail "on the disk is something else: $(cat status.json)"
run 0 plan --detailed-exitcode

story "Destroy finds everything under the newest name"
sed -i 's/^  kvm2: /  kvm9: /; s/hosts: \[kvm2\]/hosts: [kvm9]/' vscale.yaml
run 0 destroy --auto-approve --allow-data-loss
[ -z "$(volumes_on kvm1)" ] || fail "on kvm1 is left: $(volumes_on kvm1)"
[ -z "$(volumes_on kvm2)" ] || fail "on kvm2 is left: $(volumes_on kvm2)"
