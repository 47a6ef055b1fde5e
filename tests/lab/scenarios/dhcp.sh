#!/bin/bash
# Networks without `addresses`: a libvirt network hands out leases on each host, and a DHCP server of its own stands on the
# bridge. Each way vscale learns the address, waits for HTTP there, records it, and tells it.
. "$(dirname "$0")/scenario.sh"
begin 2

# libvirt_network HOST SUBNET: a network `leased` with DHCP of its own on the host, which the controller has a route to.
libvirt_network() {
  cat > network.xml << X
<network><name>leased</name><forward mode='open'/><bridge name='virbr7'/>
<ip address='$2.1' netmask='255.255.255.0'><dhcp><range start='$2.10' end='$2.50'/></dhcp></ip></network>
X
  on "$1" net-define network.xml > /dev/null
  on "$1" net-start leased > /dev/null
  lab run ip route add "$2.0/24" via "$(lab address "$1")"
}

# found INSTANCE SUBNET: its address is one of that subnet, it answers there, also to ssh, and both views tell it; it goes
# to $address.
found() {
  run 0 inventory --format ssh-config
  cp "$out" ssh_config
  [ "$(lab run ssh -F ssh_config "${ssh_options[@]}" "$1" hostname)" = "$1" ] || fail "no answer to ssh $1"
  address=$(awk -v name="$1" '$1 == "Host" { it = $0 ~ name } it && $1 == "HostName" { print $2 }' "$out")
  [[ $address =~ ^$2\.[0-9]+$ ]] || fail "inventory says \"$address\" for $1, want one of $2.0/24"
  answers "$address" "$1"
  run 0 status -v
  says "${1#demo-} .*$address"
}

story "A libvirt network with DHCP on each host, and a DHCP server on the bridge"
libvirt_network kvm1 192.168.141
libvirt_network kvm2 192.168.142
serve dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=br0 --bind-interfaces --user=root \
  --log-facility=- --dhcp-leasefile="$work/leases" --dhcp-range=10.77.0.200,10.77.0.220,255.255.255.0,1h

ssh-keygen -q -t ed25519 -N '' -C somebody -f key
login="{ user: root, sshKeys: [\"$(cat key.pub)\"] }"
ssh_options=(-i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)
yaml --network 'leased: { network: leased }' --network 'served: { bridge: br0 }' << X
groups:
  web:
    size: 2
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [leased], cloudInit: $login }
    health: { gates: [{ http: { port: 80, path: /health } }] } # nobody asks the agent
    shutdown: { grace: 5s }
  edge:
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [served], cloudInit: $login }
    $serves_http
X

story "All are ready once they answer at the address that was found"
run 0 apply --auto-approve
run 0 plan --detailed-exitcode

story "By lease: status, inventory and HTTP agree"
host_of() { for host in kvm1 kvm2; do if domains_on $host | grep -qx "$1"; then echo $host; fi; done; }
for name in demo-web-0 demo-web-1; do
  case $(host_of $name) in
    kvm1) found $name 192.168.141 ;;
    kvm2) found $name 192.168.142 ;;
    *) fail "$name runs nowhere" ;;
  esac
  on "$(host_of $name)" net-dhcp-leases leased | grep -q " $address/24 " || fail "$address is not what libvirt leased"
done

story "By agent: what the bridge's own server gave is nothing that libvirt knows"
found demo-edge-0 10.77.0
grep -q " $address " leases || fail "$address is not what the server gave: $(cat leases served)"

story "Destroy takes all of it"
run 0 destroy --auto-approve
[ "$(running_everywhere kvm1 kvm2)" -eq 0 ] || fail "destroy left domains"
