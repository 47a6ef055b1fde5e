#!/bin/bash
# What a person at the terminal does with guests: a command by ssh, a shell on the serial console; and who looks at the
# first lines of a long output only, or of an apply, ends nothing.
. "$(dirname "$0")/scenario.sh"
readonly console_timeout_s=60
begin 1

# with_key SIZE: one group of so many guests, which root enters with the key that was made for this.
ssh-keygen -q -t ed25519 -N '' -f key
with_key() {
  yaml << EOF
groups:
  web:
    size: $1
    template:
      { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local, cloudInit: { user: root, sshKeys: [key.pub] } }
    $serves_http
    update: { maxSurge: 0, maxUnavailable: 1 } # Replaced in place: the same name and address.
EOF
}

# one_line_of ARGUMENTS...: vscale's output into a pipe that is closed after its first line; it must end well, with no error
# told (that guests are emulated here may be).
one_line_of() {
  printf '$ vscale %s | head -n 1\n' "$*"
  lab run timeout "$command_timeout_s" "$vscale" "$@" 2> "$work/complaints" < /dev/null | head -n 1 > "$out" ||
    fail "vscale $1 failed: $(cat "$work/complaints")"
  ! grep -iq 'error\|written' "$work/complaints" || fail "vscale $1 says: $(cat "$work/complaints")"
}

# in_guest EXPECTED_CODE INSTANCE COMMAND...
in_guest() { run "$1" ssh "$2" -- "${@:3}"; }

story "Without guests there is nothing to go into or to list, and that is said"
with_key 0
run 0 inventory
says 'There are no guests yet'
run 1 ssh web-0
says 'nothing was created yet'

story "Who reads one line of an apply does not stop it"
with_key 2
one_line_of apply --auto-approve
run 0 plan --detailed-exitcode
answers 10.77.0.50 demo-web-0
answers 10.77.0.51 demo-web-1

story "Who reads one line of a long output is told no error"
for command in schema 'state show' 'completion bash'; do
  read -ra words <<< "$command"
  one_line_of "${words[@]}"
done
code=0
"$vscale" schema > /dev/full 2> "$out" || code=$?
[ "$code" -eq 1 ] || fail "on a full disk schema ended with $code"
prints 'the result could not be written'

known_before=$(cat ~/.ssh/known_hosts 2> /dev/null || true)
story "A command by ssh, on first sight and again, with its exit code; the person's own known hosts are left alone"
in_guest 0 web-0 hostname
prints '^demo-web-0$'
in_guest 0 demo-web-1 hostname
prints '^demo-web-1$'
in_guest 7 web-0 exit 7
[ "$(cat ~/.ssh/known_hosts 2> /dev/null || true)" = "$known_before" ] || fail "they were touched"

story "Started again it is the machine that it was; made anew at the same address it is another one: ssh goes into both"
on kvm1 destroy demo-web-0
run 0 apply --auto-approve
in_guest 0 web-0 hostname
does_not_print 'Permanently added'
run 0 apply --auto-approve --replace web-0
in_guest 0 web-0 hostname
prints '^demo-web-0$'
does_not_print 'HAS CHANGED'

story "A machine that shows another key than it did is refused"
sed -i "s|ssh-ed25519 .*|$(cut -d ' ' -f 1,2 key.pub)|" vscale.db.known_hosts
in_guest 255 web-1 hostname
prints 'HAS CHANGED'

story "The serial console on a terminal: a shell that answers, and Ctrl-] leaves it"
mkfifo keys
: > screen
lab run script --quiet --flush --return --command "'$vscale' console web-0" screen < keys > /dev/null 2>&1 9>&- &
console=$!
services+=("$console")
exec 7> keys

# shown WORDS [KEYS]: waits until the screen has these words, striking the keys each second until then.
shown() {
  local deadline=$((SECONDS + console_timeout_s))
  until grep -aq -- "$1" screen; do
    cp screen "$out" 2> /dev/null || true
    [ "$SECONDS" -lt "$deadline" ] || fail "the console does not show: $1"
    kill -0 "$console" 2> /dev/null || fail "the console has ended"
    [ -z "${2:-}" ] || printf '%b' "$2" >&7
    sleep 1
  done
}
shown 'Escape character is'
shown '^I am demo-web-0' 'echo I am $(hostname)\r'
printf '\035' >&7
deadline=$((SECONDS + console_timeout_s))
while kill -0 "$console" 2> /dev/null; do
  [ "$SECONDS" -lt "$deadline" ] || fail "Ctrl-] does not leave the console"
  sleep 0.2
done
wait "$console" || fail "the console ended with $?"
exec 7>&-
services=()

story "Of a machine that is off there is no console to see"
on kvm1 destroy demo-web-1
run 1 console web-1
says 'web-1 is shut off on kvm1'

run 0 destroy --auto-approve
