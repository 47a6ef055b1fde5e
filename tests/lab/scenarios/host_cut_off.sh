#!/bin/bash
# One of two hosts is cut off: plan says so, its instances are unknown and not created again, the other host's work is
# done, and the exit code is 3. When the cable is back, nothing has to be repaired.
. "$(dirname "$0")/scenario.sh"
begin 2

# quiet: libvirt's own words went into what vscale says, and not onto the terminal beside it.
quiet() { does_not_print '^(libvirt: |[0-9-]+ [0-9:.+]+: [0-9]+: (error|warning) )'; }

story "Two guests, one on each host, over TCP"
config 2 tcp
run 0 apply --auto-approve
[ "$(domains_on kvm1 | wc -l)" -eq 1 ] && [ "$(domains_on kvm2 | wc -l)" -eq 1 ] || fail "want one on each host"

story "kvm2 is cut off, and the group is to grow"
lab cut kvm2
config 3 tcp
run 3 plan
quiet
prints 'kvm2'
prints 'INCOMPLETE'
prints '1 create'
run 3 apply --auto-approve
quiet
[ "$(domains_on kvm1 | wc -l)" -eq 2 ] || fail "kvm1's work was not done"
[ "$(domains_on kvm2 | wc -l)" -eq 1 ] || fail "kvm2 was touched"
run 3 plan
prints 'No changes on the hosts that answer'
does_not_print '1 create'
run 3 status
quiet
prints 'UNREACHABLE'

story "The cable is back: nothing to do, and all three answer"
lab heal kvm2
run 0 plan --detailed-exitcode

story "A URI that leads to another host is no word of this one: nothing is made anew"
sed -i 's/10\.77\.0\.12/10.77.0.11/' vscale.yaml
run 3 apply --auto-approve
says 'host "kvm2" is another machine than before: kvm1 '
[ "$(domains_on kvm1 | wc -l)" -eq 2 ] || fail "on kvm1 runs: $(domains_on kvm1)"
config 3 tcp
run 2 plan --detailed-exitcode
says 'No changes: the hosts are as the files say. The files differ from what was last applied'
run 0 apply --auto-approve
run 0 plan --detailed-exitcode
names=$(for address in 10.77.0.50 10.77.0.51 10.77.0.52; do page $address; done | sort | tr '\n' ' ')
[ "$names" = "demo-web-0 demo-web-1 demo-web-2 " ] || fail "these answer: $names"
run 0 destroy --auto-approve
