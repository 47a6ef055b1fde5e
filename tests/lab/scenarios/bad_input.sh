#!/bin/bash
# Images that are none, names that are hostile or taken, pools that are full: each ends with 1, names the thing and the
# next step, and takes nothing from what runs or from what is not ours. When the cause is gone, the next apply does it.
. "$(dirname "$0")/scenario.sh"
begin 1
pool_dir=/var/lib/libvirt/vscale
small_dir=/var/lib/libvirt/small
qemu-img create -q -f qcow2 blank.qcow2 16M

# write IMAGE GROUP [STORAGE]: vscale.yaml with the group `web`, which stays as it is, and one more of each, if given.
write() {
  yaml --image "blank: { source: $work/blank.qcow2, agent: none }" --image "$1" --storage "${3:-}" << X
groups:
  web:
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    $serves_http
  $2
X
}

# group NAME IMAGE [STORAGE [MORE]]: a group whose guest nobody waits for.
group() {
  echo "$1: { shutdown: { grace: 1s }, health: { gates: [{ domain: {} }] }, template:" \
    "{ image: $2, vcpus: 1, memory: 128MiB, networks: [lan], storage: ${3:-local}${4:+, $4} } }"
}

refused() { # refused SAYING...: plan and apply both end with 1 and say all of it
  local command
  for command in plan "apply --auto-approve"; do
    # shellcheck disable=SC2086 # two words
    run 1 $command
    for said in "$@"; do says "$said"; done
  done
}

# web_is_as_it_was [CODE]: 2 where another file was applied meanwhile, so that this one is to be applied once more.
web_is_as_it_was() {
  write "" ""
  run "${1:-0}" plan --detailed-exitcode
  says 'No changes: the hosts are as the files say'
  answers 10.77.0.50 demo-web-0
}

story "One guest runs"
write "" ""
run 0 apply --auto-approve
answers 10.77.0.50 demo-web-0

story "An image that was cut off"
head -c 5000000 guest.qcow2 > cut.qcow2
write "bad: { source: $work/cut.qcow2 }" "$(group more bad)"
refused 'image bad: .*cut.qcow2' 'ends after 5000000 bytes' 'hint: .*fetch it again'

story "An error page instead of an image"
echo '<!DOCTYPE html><html><body>404 not found</body></html>' > page.qcow2
write "bad: { source: $work/page.qcow2 }" "$(group more bad)"
refused 'image bad: .*page.qcow2' 'it is text, beginning with "<!DOCTYPE html>' 'hint: .*error page'

story "An image with another digest than the file demands"
write "bad: { source: $work/blank.qcow2, checksum: 'sha256:$(printf %064d 1)' }" "$(group more bad)"
refused 'image bad: .*blank.qcow2' 'expected' 'sha256:0{63}1' 'hint: .*correct the'

story "An image that is not there"
write "bad: { source: $work/nowhere.qcow2 }" "$(group more bad)"
refused 'image bad: .*nowhere.qcow2' 'No such file' 'hint: correct images.bad.source'

story "None of it has left anything"
web_is_as_it_was
[ "$(volumes_on kvm1 | wc -l)" -eq 3 ] || fail "want an image, a root disk and a seed: $(volumes_on kvm1)"

story "Hostile names are mistakes in the file"
hostile='"<&'"'"'\"; rm -rf"'
write "" "$(group "$hostile" tiny)"
refused 'groups: .*rm -rf" is not allowed as a name' 'vscale.yaml:[0-9]+:3' 'hint: begin with a letter'
write "$hostile: { source: $work/blank.qcow2 }" "$(group more tiny)"
refused 'images: .*rm -rf" is not allowed as a name' 'hint: begin with a letter'

story "A domain that is not ours has the name: it is named with its host, and left alone"
cat > foreign.xml << 'X'
<domain type='qemu'><name>demo-more-0</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>
X
on kvm1 define foreign.xml
on kvm1 start demo-more-0
foreign_uuid=$(on kvm1 domuuid demo-more-0)
write "" "$(group more tiny)"
refused 'group.more\[0\] would be called demo-more-0, and kvm1 has a domain of that name' 'hint: rename or remove'
[ "$(on kvm1 domuuid demo-more-0)" = "$foreign_uuid" ] || fail "the foreign domain is another one"
[ "$(on kvm1 domstate demo-more-0)" = running ] || fail "the foreign domain was touched"
on kvm1 destroy demo-more-0
on kvm1 undefine demo-more-0

story "A volume that is not ours has the name; it was laid there behind the host's back, and is seen all the same"
precious() { lab exec kvm1 grep -qx precious "$pool_dir/$1" || fail "$1 is not what its owner left"; }
lab exec kvm1 sh -c "for disk in root.qcow2 seed.iso; do echo precious > $pool_dir/demo-taken-0-\$disk; done"
write "" "$(group taken blank)"
refused 'group.taken\[0\] needs volume demo-taken-0-root.qcow2 in pool vscale on kvm1' 'hint: rename that volume'
write "" "taken: { size: 0, template: { image: blank, vcpus: 1, memory: 128MiB, networks: [lan], storage: local } }"
run 0 apply --auto-approve
precious demo-taken-0-root.qcow2
precious demo-taken-0-seed.iso

story "Nobody waits for an agent that the image does not have"
write "" "alone: { shutdown: { grace: 1s }, template: { image: blank, vcpus: 1, memory: 128MiB, networks: [lan], storage: local } }"
started=$SECONDS
run 0 apply --auto-approve
[ $((SECONDS - started)) -le 60 ] || fail "it took $((SECONDS - started)) s"
says 'alone-0 +wait until ready: domain'
run 0 destroy --auto-approve --target group.alone

story "A disk that fits nowhere is refused with host and numbers"
write "" "$(group big tiny local 'disk: 900TiB')"
refused 'group.big\[0\] fits on no host: kvm1: disk on local: 921600 GiB wanted, [0-9]+ of [0-9]+ free' 'hint: no host is large enough'
web_is_as_it_was 2

story "A pool that is full, though its host believed otherwise: refused before anything is sent"
lab exec kvm1 mkdir -p $small_dir
lab exec kvm1 mount -t tmpfs -o size=2g tmpfs $small_dir
on kvm1 pool-define-as small dir --target $small_dir > /dev/null
on kvm1 pool-start small > /dev/null
lab exec kvm1 mount -o remount,size=10m $small_dir
small="small: { pool: small }"
write "" "$(group cramped tiny small)" "$small"
run 1 apply --auto-approve
says 'group.cramped\[0\] fits on no host: kvm1: disk on small: [0-9]+ [MG]iB wanted, 0 of'
answers 10.77.0.50 demo-web-0
[ -z "$(lab exec kvm1 ls $small_dir)" ] || fail "something was sent: $(lab exec kvm1 ls $small_dir)"

story "With more room, made behind the host's back, it goes on"
lab exec kvm1 mount -o remount,size=2g $small_dir
run 0 apply --auto-approve
run 0 plan --detailed-exitcode
[ "$(domains_on kvm1 | tr '\n' ' ')" = "demo-cramped-0 demo-web-0 " ] || fail "on kvm1 runs: $(domains_on kvm1)"

story "Destroy takes what is ours"
run 0 destroy --auto-approve
[ "$(volumes_on kvm1 | tr '\n' ' ')" = "demo-taken-0-root.qcow2 demo-taken-0-seed.iso " ] ||
  fail "in the pool are: $(volumes_on kvm1)"
