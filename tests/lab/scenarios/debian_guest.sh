#!/bin/bash
# labels: slow
# timeout: 900
#
# A real Debian with systemd and cloud-init gets its hostname, its address and a file from user-data with a secret filled
# in, and the secret is nowhere else.
readonly command_timeout_s=480 # Debian boots in a minute where nothing else runs
. "$(dirname "$0")/scenario.sh"
begin 1
"$lab_tests/debian-image.sh" "$work/debian.qcow2" > /dev/null
secret=s3cr3t-only-for-the-guest
yaml --image "debian: { source: $work/debian.qcow2, agent: present }" << EOF
vars:
  domain: { default: example.lan }
  token: { sensitive: true }
machines:
  db1:
    image: debian
    vcpus: 2
    memory: 768MiB
    disk: 4GiB
    networks: [lan]
    cloudInit:
      userData: |
        #cloud-config
        fqdn: \${name}.\${var.domain}
        write_files:
          - path: /etc/joined
            content: "\${var.token} at \${address}"
    health:
      startupTimeout: 4m
      gates: [{ agent: {} }, { cloudInit: {} }, { systemd: { allowDegraded: true } }, { tcp: { port: 22 } }]
    shutdown: { grace: 30s }
EOF

story "It comes up with its gates passed"
export VSCALE_VAR_token=$secret
run 0 apply --auto-approve

story "Hostname, address and file are what the file says"
guest_says() { # guest_says ARGV...: through the agent, as JSON
  local args pid
  args=$(printf '"%s",' "${@:2}")
  pid=$(on kvm1 qemu-agent-command demo-db1 "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"$1\",\"arg\":[${args%,}],\"capture-output\":true}}" | grep -o '[0-9]*')
  for _ in $(seq 40); do
    on kvm1 qemu-agent-command demo-db1 "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$pid}}" > status.json
    grep -q '"exited":true' status.json && break
    sleep 0.25
  done
  grep -o '"out-data":"[^"]*"' status.json | cut -d'"' -f4 | base64 -d
}
[ "$(guest_says /bin/hostname -f)" = demo-db1.example.lan ] || fail "hostname is $(guest_says /bin/hostname -f)"
[ "$(guest_says /bin/cat /etc/joined)" = "$secret at 10.77.0.50" ] || fail "/etc/joined holds: $(guest_says /bin/cat /etc/joined)"
guest_says /sbin/ip -4 addr | grep -q '10.77.0.50/24' || fail "the address is not set"

story "The secret is in the guest's seed and nowhere else"
run 0 plan --out plan.bin
grep -rlF "$secret" . > leaks || true
[ ! -s leaks ] || fail "the secret is in: $(cat leaks)"

story "Plan is empty, also without the secret at hand for status and destroy"
run 0 plan --detailed-exitcode
unset VSCALE_VAR_token
run 0 status

story "User-data that cloud-init fails at is found out as soon as it has failed, and not when the startup timeout is over"
export VSCALE_VAR_token=$secret
sed -i 's/^        fqdn:/        runcmd: [[sh, -c, "exit 3"]]\n&/' vscale.yaml
run 1 apply --auto-approve
says 'cloud-init ended with an error'
does_not_print 'has not passed within 4m'
run 0 rollout status db1
says 'STOPPED: 1 failed, 0 allowed'
unset VSCALE_VAR_token
run 0 destroy --auto-approve
[ -z "$(on kvm1 list --all --name | sed '/^$/d')" ] || fail "kvm1 still has domains"
