#!/bin/bash
# The lab itself: hosts come up, answer over every transport, keep to themselves, lose power and cables, and leave no trace.
# alone
set -euo pipefail
here=$(dirname "$(realpath "$0")")
export LAB_NAME=t-lab LAB_SUBNET=10.76.0
readonly root=/var/lib/vscale-lab

lab() { "$here/lab" "$@"; }
fail() { echo "FAILED: $*" && exit 1; }
story() { printf '== %s\n' "$*"; }

finish() {
  local status=$?
  trap - EXIT
  LAB_NAME=t-lab-2 lab down || status=1
  lab down || status=1
  exit "$status"
}
trap finish EXIT

# opens ADDRESS PORT: whether a TCP connection from the controller is accepted.
opens() { lab run timeout 2 bash -c "exec 3<> /dev/tcp/$1/$2" 2>/dev/null; }

# The network namespaces that processes of this machine live in, one a line.
namespaces() { { readlink /proc/[0-9]*/ns/net 2>/dev/null || true; } | sort -u; }

lab down
before=$(ip -brief link | awk '{ print $1 }'; cat /proc/self/mounts; ls "$root" 2>/dev/null || true)
namespaces_before=$(namespaces)

story "Two hosts come up, and coming up again changes nothing"
lab up 2
first=$(cat "$root/$LAB_NAME/kvm1/init.pid")
lab up 2
[ "$first" = "$(cat "$root/$LAB_NAME/kvm1/init.pid")" ] || fail "the second up started kvm1 anew"

story "Each host answers over unix, TCP and ssh, by its own name"
for host in kvm1 kvm2; do
  for transport in unix tcp ssh; do
    name=$(lab run virsh -q -c "$(lab uri $host $transport)" hostname | head -n 1)
    [ "$name" = "$host" ] || fail "$host answers over $transport as \"$name\""
  done
done
[ "$(lab exec kvm1 hostname)" = kvm1 ] || fail "exec does not run on the host"

story "A login by ssh reads nothing of the machine's own root"
home=$(lab run ssh -i "$root/$LAB_NAME/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
  -o LogLevel=ERROR root@10.76.0.11 'echo ~')
[ "$home" = "$root/$LAB_NAME/kvm1/root" ] || fail "root of kvm1 is at home in $home"

story "Hosts have their own /var/lib/libvirt, and no pool or network to begin with"
lab exec kvm1 touch /var/lib/libvirt/only-here
! lab exec kvm2 test -e /var/lib/libvirt/only-here || fail "kvm2 sees a file of kvm1"
[ ! -e /var/lib/libvirt/only-here ] || fail "the machine sees a file of kvm1"
[ -z "$(virsh -q -c "$(lab uri kvm1)" pool-list --all)" ] || fail "there is a pool"
[ -z "$(virsh -q -c "$(lab uri kvm1)" net-list --all)" ] || fail "there is a network"

story "No way leads out"
[ -z "$(lab run ip route show default; lab exec kvm1 ip route show default)" ] || fail "there is a default route"
[ "$(lab run ip -brief link | awk '{ print $1 }' | sed 's/@.*//' | sort | tr '\n' ' ')" = "br0 kvm1 kvm2 lo " ] ||
  fail "the controller has other interfaces: $(lab run ip -brief link)"

story "Another lab, on the same subnet, knows nothing of this one"
LAB_NAME=t-lab-2 lab up 1
LAB_NAME=t-lab-2 lab exec kvm1 touch /var/lib/libvirt/in-the-other
! lab exec kvm1 test -e /var/lib/libvirt/in-the-other || fail "two labs share a host"
LAB_NAME=t-lab-2 lab down
[ "$(lab exec kvm2 hostname)" = kvm2 ] || fail "taking one lab down broke the other"

story "A crash takes every process of a host at once; boot brings the same host back"
uuid=$(virsh -q -c "$(lab uri kvm2)" capabilities | sed -n 's/.*<uuid>\(.*\)<.*/\1/p')
lab exec kvm2 sleep 1000 &
sleeper=$!
until lab exec kvm2 pgrep -x sleep > /dev/null; do sleep 0.05; done
lab crash kvm2
! wait "$sleeper" || fail "a process of kvm2 outlived it"
! opens 10.76.0.12 16509 || fail "kvm2 still answers"
opens 10.76.0.11 16509 || fail "kvm1 went with it"
lab boot kvm2
opens 10.76.0.12 16509 || fail "kvm2 does not answer again"
[ "$uuid" = "$(virsh -q -c "$(lab uri kvm2)" capabilities | sed -n 's/.*<uuid>\(.*\)<.*/\1/p')" ] || fail "kvm2 is another host now"

story "A cut cable stays cut over a crash, until it is healed"
lab cut kvm2
! opens 10.76.0.12 16509 || fail "kvm2 answers over a cut cable"
lab crash kvm2
lab boot kvm2
! opens 10.76.0.12 16509 || fail "the cable grew together"
lab heal kvm2
opens 10.76.0.12 16509 || fail "kvm2 does not answer over a healed cable"

story "libvirtd comes back when it dies"
# shellcheck disable=SC2016 # for the shell on the host
lab exec kvm1 sh -c 'kill -9 $(cat /run/libvirtd.pid)'
for _ in $(seq 100); do
  virsh -q -c "$(lab uri kvm1)" uri > /dev/null 2>&1 && break
  sleep 0.1
done
virsh -q -c "$(lab uri kvm1)" uri > /dev/null || fail "libvirtd of kvm1 did not come back"

story "Mistakes are answered in words"
said=$(lab exec kvm7 true 2>&1) && fail "a host that is not there was accepted"
[[ $said == *"no host kvm7"* ]] || fail "it says: $said"
said=$(lab up 99 2>&1) && fail "99 hosts were accepted"
[[ $said == *"from 1 to 20"* ]] || fail "it says: $said"
said=$(lab --name ../x down 2>&1) && fail "a path was accepted as name"
[[ $said == *"may have a-z"* ]] || fail "it says: $said"

story "Down leaves no trace, and once more is no error"
lab down
lab down
after=$(ip -brief link | awk '{ print $1 }'; cat /proc/self/mounts; ls "$root" 2>/dev/null || true)
[ "$before" = "$after" ] || fail "left behind: $(diff <(echo "$before") <(echo "$after"))"
left=$(comm -13 <(echo "$namespaces_before") <(namespaces))
[ -z "$left" ] || fail "processes live on in $left"
