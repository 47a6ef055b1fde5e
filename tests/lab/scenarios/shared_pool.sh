#!/bin/bash
# One pool that both hosts see: the image is sent once, guests on both hosts stand on it. One host crashes: the other goes
# on. What is on it stays unknown until it is back, and then destroy leaves no file.
. "$(dirname "$0")/scenario.sh"
begin 2
pool=$work/pool # every path outside of /var/lib/libvirt is the machine's, and so the same on all hosts
files() { find "$pool" -type f -printf '%f\n' | sort; }

# group SIZE: the file with so many guests on the shared pool.
group() {
  yaml --storage "nfs: { pool: nfs, path: $pool, shared: true }" << X
groups:
  web:
    size: $1
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: nfs }
    $serves_http
X
}

story "Two guests, one on each host, and one image for both"
group 2
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0
answers 10.77.0.51 demo-web-1
[ "$(domains_on kvm1 | wc -l)" -eq 1 ] && [ "$(domains_on kvm2 | wc -l)" -eq 1 ] || fail "want one on each host"
[ "$(files | grep -vc '^demo-web-')" -eq 1 ] || fail "want the image once: $(files)"
[ "$(files | wc -l)" -eq 5 ] || fail "want an image, and a root disk and a seed for each of two: $(files)"
run 0 plan --detailed-exitcode

story "kvm2 crashes: the group grows on kvm1, from the image that is there"
lost=$(domains_on kvm2)
kept=$(domains_on kvm1)
lab crash kvm2
group 3
run 3 plan
says 'kvm2'
says '1 create'
run 3 apply --auto-approve
answers 10.77.0.52 demo-web-2
page "10.77.0.5${kept##*-}" | grep -qx "$kept" || fail "$kept does not answer any more"
[ "$(files | grep -vc '^demo-web-')" -eq 1 ] || fail "the image was sent again: $(files)"

story "Destroy by way of the host that is left says what it cannot know, and leaves what that stands on"
run 3 destroy --auto-approve
says 'kvm2'
says "${lost#demo-} "
[ -z "$(on kvm1 list --all --name | sed '/^$/d')" ] || fail "kvm1 still has domains"
for file in "$lost-root.qcow2" "$lost-seed.iso"; do
  files | grep -qx "$file" || fail "$file is gone, and kvm2 may still use it: $(files)"
done
[ "$(files | wc -l)" -eq 3 ] || fail "want the image and the lost guest's two files: $(files)"

story "kvm2 is back: destroy takes the rest, and no file is left"
lab boot kvm2
run 0 destroy --auto-approve
[ -z "$(on kvm2 list --all --name | sed '/^$/d')" ] || fail "kvm2 still has domains"
[ -z "$(files)" ] || fail "left in the pool: $(files)"
