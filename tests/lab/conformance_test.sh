#!/bin/bash
# The libvirt provider keeps the promises of its ports on real QEMU, over a unix socket and over ssh; and keeps its bounds
# when a host falls silent or is cut off.
#
# timeout: 1200
set -euo pipefail
here=$(dirname "$(realpath "$0")")
export LAB_NAME=t-conformance LAB_SUBNET=10.77.0
export LAB_KVM=hidden # see scenarios/scenario.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-conformance.XXXXXX")

lab() { "$here/lab" "$@"; }

finish() {
  local status=$?
  trap - EXIT
  lab down || status=1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

lab down # a trace of a run that was killed
lab up 1
"$here/guest-image.sh" "$work/guest.qcow2" > /dev/null
cat > "$work/foreign.xml" << END
<domain type='qemu'><name>by-hand</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>
END
virsh -q -c "$(lab uri kvm1)" define "$work/foreign.xml"

# Of the host's own directories, so that it goes with the host.
lab exec kvm1 sh -c 'mkdir /var/lib/libvirt/small && mount -t tmpfs -o size=40m small /var/lib/libvirt/small'

export VSCALE_LAB_SMALL_DIRECTORY=/var/lib/libvirt/small
export VSCALE_LAB=$here/lab VSCALE_LAB_FOREIGN_DOMAIN=by-hand VSCALE_LAB_IMAGE=$work/guest.qcow2
VSCALE_LAB_IMAGE_SIZE=$(qemu-img info "$work/guest.qcow2" | sed -n 's/^virtual size:.*(\([0-9]*\) bytes)$/\1/p')
VSCALE_LAB_TCP_URI=$(lab uri kvm1 tcp)
export VSCALE_LAB_IMAGE_SIZE VSCALE_LAB_TCP_URI VSCALE_LAB_ADDRESS=$LAB_SUBNET.50

for transport in unix ssh; do
  printf '\n== over %s\n' "$transport"
  VSCALE_LAB_URI=$(lab uri kvm1 "$transport")
  export VSCALE_LAB_URI
  lab run "${VSCALE_CONFORMANCE:?"say where the program is: VSCALE_CONFORMANCE=build/tests/lab/conformance_lab $0"}" \
    "real QEMU*"
done

printf '\n== bounds\n'
VSCALE_LAB_URI=$(lab uri kvm1 unix)
lab run "$VSCALE_CONFORMANCE" "~real QEMU*"
