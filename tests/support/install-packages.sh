#!/bin/bash
# Installs what packages.txt lists for some purposes, and does nothing, quickly, where all of it is there.
#
# usage: install-packages.sh PURPOSE...      such as: install-packages.sh build lab image
#
# The packages come with services that the tests start by themselves, sshd inside the lab's hosts: none is started on this
# machine, and those that were not here before stay switched off.
set -euo pipefail

fail() {
  echo "install-packages.sh: $*" >&2
  exit 1
}

list=$(dirname "$(realpath "$0")")/packages.txt
readonly list
readonly policy=/usr/sbin/policy-rc.d # asked by every package before it starts a service; 101 forbids it

packages_for() {
  local purpose
  for purpose in "$@"; do
    grep -q "^$purpose:" "$list" || fail "packages.txt has no row \"$purpose\""
    sed -n "s/^$purpose: *//p" "$list"
  done | tr -s ' ' '\n' | sort -u
}

installed() { dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii //p' | sort -u; }

[ $# -gt 0 ] || fail "say what for: $(sed -n 's/^\([a-z-]*\):.*/\1/p' "$list" | sort -u | tr '\n' ' ')"
mapfile -t missing < <(comm -23 <(packages_for "$@") <(installed))
if [ ${#missing[@]} -eq 0 ]; then
  echo "All $(packages_for "$@" | wc -l) packages are there."
  exit
fi

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
[ "$(id -u)" -eq 0 ] || fail "this needs root: apt-get install ${missing[*]}"
command -v apt-get >/dev/null || fail "apt-get is not here; vscale's build knows Debian 12"

# Service units that a package would enable, by the program that tells whether it was here before.
declare -A services=([/usr/sbin/sshd]="ssh.service ssh.socket" [/usr/bin/prometheus]=prometheus.service
                     [/usr/bin/influxd]=influxdb.service)
for program in "${!services[@]}"; do
  [ ! -x "$program" ] || unset "services[$program]"
done

if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
options=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
log=$(mktemp)
apt-get "${options[@]}" update </dev/null
apt-get "${options[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1 ||
  { tail -n 30 "$log" >&2 && fail "apt-get could not install them; all that it said is in $log"; }
rm -f "$log"

for program in "${!services[@]}"; do
  [ -x "$program" ] && command -v systemctl >/dev/null || continue
  read -ra units <<<"${services[$program]}"
  systemctl --quiet disable "${units[@]}" 2>/dev/null || true
done
