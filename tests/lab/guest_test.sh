#!/bin/bash
# The tiny guest does what tests and the quickstart count on: it takes name and address from the seed, runs user-data,
# answers the agent and HTTP, and goes when it is told to.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
export LAB_NAME=t-guest LAB_SUBNET=10.77.0
readonly boot_timeout_s=60
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-guest.XXXXXX")

lab() { "$here/lab" "$@"; }
on_host() { virsh -q -c "$(lab uri kvm1)" "$@"; }
story() { printf '== %s\n' "$*"; }

fail() {
  echo "FAILED: $*"
  tail -n 20 "$(host_path "")"*.console 2>/dev/null || true
  exit 1
}

finish() {
  local status=$?
  trap - EXIT
  lab down || status=1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

readonly lab_key=/var/lib/vscale-lab/$LAB_NAME/key # any key would do

# Where a file of kvm1's /var/lib/libvirt lies on this machine.
host_path() { echo "/var/lib/vscale-lab/$LAB_NAME/kvm1/lib/$1"; }

# start NAME: boots a guest from the seed directory $work/NAME, with a MAC address that ends in 0a.
start() {
  local guest=$1 disk
  disk=$(host_path "$guest.qcow2")
  qemu-img create -q -f qcow2 -F qcow2 -b "$(host_path guest.qcow2)" "$disk"
  (cd "$work/$guest" && bsdtar --format iso9660 --options volume-id=cidata -cf "$(host_path "$guest.iso")" ./*)
  cat > "$work/$guest.xml" <<END
<domain type='qemu'><name>$guest</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$disk'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$(host_path "$guest.iso")'/>
  <target dev='vdb' bus='virtio'/><readonly/></disk>
<interface type='bridge'><mac address='52:54:00:00:00:0a'/><source bridge='br0'/><model type='virtio'/></interface>
<serial type='pty'><log file='$(host_path "$guest.console")'/></serial>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<memballoon model='virtio'><stats period='1'/></memballoon>
</devices></domain>
END
  on_host create "$work/$guest.xml"
}

# wait_for WORDS COMMAND...: until the command succeeds.
wait_for() {
  local words=$1 deadline=$((SECONDS + boot_timeout_s))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$words: not within ${boot_timeout_s}s"
    sleep 0.2
  done
}

page() { lab run curl -sS --noproxy '*' --max-time 5 "$1"; }
agent() { on_host qemu-agent-command "$@"; }
is_gone() { ! on_host domstate "$1"; }

# inside NAME ARGV...: what the command prints inside the guest, through the agent; its exit code goes to the file $work/code.
inside() {
  local guest=$1 program=$2 arguments pid status
  shift 2
  arguments=$([ $# -eq 0 ] || printf '"%s",' "$@")
  pid=$(agent "$guest" "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"$program\",\"arg\":[${arguments%,}],\"capture-output\":true}}")
  pid=${pid//[^0-9]/}
  has_ended() {
    status=$(agent "$guest" "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$pid}}")
    [[ $status == *'"exited":true'* ]]
  }
  wait_for "the end of $program" has_ended
  sed -n 's/.*"exitcode":\([0-9]*\).*/\1/p' <<< "$status" > "$work/code"
  sed -n 's/.*"out-data":"\([^"]*\)".*/\1/p' <<< "$status" | base64 -d
}

lab down
lab up 1
"$here/guest-image.sh" "$(host_path guest.qcow2)"

story "Name and address from a seed in block style"
mkdir "$work/block"
printf 'instance-id: i-1\nlocal-hostname: block\npublic-keys:\n  - %s\n' "$(cat "$lab_key.pub")" > "$work/block/meta-data"
printf '#!/bin/sh\nmkdir -p /run/www\necho "made by user-data" > /run/www/made\n' > "$work/block/user-data"
cat > "$work/block/network-config" <<'END'
version: 2
ethernets:
  nic0:
    match:
      macaddress: "52:54:00:00:00:0A"
    set-name: nic0
    addresses:
      - "10.77.0.50/24"
      - "10.77.0.51/24"
    routes:
      - to: "0.0.0.0/0"
        via: "10.77.0.1"
    nameservers:
      addresses:
        - "10.77.0.1"
END
start block
wait_for "HTTP from 10.77.0.50" page http://10.77.0.50/
[ "$(page http://10.77.0.50/)" = block ] || fail "the page says: $(page http://10.77.0.50/)"
[ "$(page http://10.77.0.51/health)" = ok ] || fail "the second address does not answer"

story "User-data was run"
[ "$(page http://10.77.0.50/made)" = "made by user-data" ] || fail "it was not"

story "The agent answers, runs commands, and says that the system is running"
wait_for "the agent" agent block '{"execute":"guest-ping"}'
[ "$(inside block systemctl is-system-running)" = running ] || fail "systemctl says something else"
[ "$(inside block /usr/bin/hostname)" = block ] || fail "the hostname is $(inside block hostname)"
inside block /usr/bin/test -e /run/no-such-file
[ "$(cat "$work/code")" = 1 ] || fail "test(1) on a missing file ended with $(cat "$work/code")"
routes=$(inside block /bin/sh -c 'ip route show default')
[[ $routes == "default via 10.77.0.1 "* ]] || fail "the default route is: $routes"

story "Root gets in over ssh with a key of the seed"
said=$(lab run ssh -i "$lab_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
  -o BatchMode=yes root@10.77.0.50 hostname) || fail "ssh ended with $?"
[ "$said" = block ] || fail "ssh says: $said"
host_key=$(lab run ssh-keyscan -T 10 -t ed25519 10.77.0.50 2> /dev/null)

story "The balloon says how much memory is unused"
wait_for "balloon statistics" bash -c "virsh -q -c '$(lab uri kvm1)' dommemstat block | grep -q unused"

story "It goes when the power button is pressed"
on_host shutdown block --mode acpi
wait_for "powered off" is_gone block

story "Powered on again, it shows the same host key"
on_host create "$work/block.xml"
wait_for "HTTP from 10.77.0.50" page http://10.77.0.50/
[ -n "$host_key" ] || fail "it showed none before"
again=$(lab run ssh-keyscan -T 10 -t ed25519 10.77.0.50 2> /dev/null)
[ "$again" = "$host_key" ] || fail "before: $host_key, now: $again"
on_host destroy block

story "A seed in flow style, without a MAC address; the agent shuts it down; a failed user-data leaves it degraded"
mkdir "$work/flow"
printf '{"instance-id": "i-2", "local-hostname": "flow"}\n' | tr ',' '\n' | tr -d '{}' > "$work/flow/meta-data"
printf '#!/bin/sh\nexit 3\n' > "$work/flow/user-data"
cat > "$work/flow/network-config" <<'END'
version: 2
ethernets: # only one
  eth: { addresses: [10.77.0.60/24], gateway4: 10.77.0.1 }
END
start flow
wait_for "HTTP from 10.77.0.60" page http://10.77.0.60/
[ "$(page http://10.77.0.60/)" = flow ] || fail "the page says: $(page http://10.77.0.60/)"
wait_for "the agent" agent flow '{"execute":"guest-ping"}'
[ "$(inside flow systemctl is-system-running)" = degraded ] || fail "systemctl says something else"
on_host shutdown flow --mode agent
wait_for "powered off" is_gone flow
