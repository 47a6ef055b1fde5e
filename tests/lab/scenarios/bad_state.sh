#!/bin/bash
# The statefile is damaged, too new, read-only, on a full disk, or in use; an apply is interrupted: each time the message
# names the file and the next step, and afterwards everything is found again.
. "$(dirname "$0")/scenario.sh"
begin 1
qemu-img create -q -f qcow2 blank.qcow2 16M

# write SIZE: vscale.yaml with a group of so many guests that have nothing to boot, so that nobody waits for them.
write() {
  yaml --image "blank: { source: $work/blank.qcow2, agent: none }" << X
groups:
  web:
    size: $1
    template: { image: blank, vcpus: 1, memory: 64MiB, networks: [lan] }
    shutdown: { grace: 1s }
X
}

all_are_there() { # all_are_there NUMBER: so many guests, each with its two volumes, and nothing to do
  run 0 plan --detailed-exitcode
  [ "$(domains_on kvm1 | wc -l)" -eq "$1" ] || fail "want $1 guests: $(domains_on kvm1)"
  [ "$(volumes_on kvm1 | grep -c '^demo-')" -eq $((2 * $1)) ] || fail "want $((2 * $1)) volumes: $(volumes_on kvm1)"
}

refused() { # refused SAYING...: plan and apply both end with 1 and say all of it
  local command
  for command in plan "apply --auto-approve"; do
    # shellcheck disable=SC2086 # two words
    run 1 $command
    for said in "$@"; do says "$said"; done
  done
}

# in_background ARGUMENTS...: starts vscale; its pid is $pid, and it prints to the file `stream`.
in_background() {
  printf '$ vscale %s &\n' "$*"
  : > stream
  # Not by way of a function: the script replaces itself by vscale, so that this is vscale's own pid. A shell lets what
  # runs in the background ignore Ctrl-C, and vscale would leave it so.
  "$lab_tests/lab" run env --default-signal=INT "$vscale" "$@" > stream 2>&1 < /dev/null 9>&- &
  pid=$!
}

# pause: holds what runs in the background where it has nothing of the statefile but its lock.
pause() {
  for _ in $(seq 100); do
    kill -STOP "$pid"
    if sqlite3 vscale.db 'BEGIN IMMEDIATE; ROLLBACK' 2> /dev/null; then return; fi
    kill -CONT "$pid"
    sleep 0.01
  done
  fail "it was always writing"
}

# go_on_when TEXT: lets it go on once the command in the foreground prints TEXT, or after 30 s at most.
go_on_when() {
  for _ in $(seq 600); do
    if grep -Eq -- "$1" "$out"; then break; fi
    sleep 0.05
  done
  kill -CONT "$pid"
}

until_it_prints() {
  for _ in $(seq 600); do # 30 s at most
    if grep -Eq -- "$1" stream; then return; fi
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.05
  done
  cp stream "$out"
  fail "it did not say: $1"
}

# ends_with CODE: waits for what runs in the background.
ends_with() {
  code=0
  wait "$pid" || code=$?
  cp stream "$out"
  sed 's/^/    /' "$out"
  [ "$code" -eq "$1" ] || fail "it ended with $code, want $1"
}

story "Two guests; the statefile is copied before one is started again"
write 2
run 0 apply --auto-approve
on kvm1 destroy demo-web-1
run 0 apply --auto-approve
all_are_there 2
cp vscale.db good.db
restore() { rm -f vscale.db-wal vscale.db-shm && cp good.db vscale.db; }
backup=$(find . -name 'vscale.db.backup-*' | head -n 1)
[ -n "$backup" ] || fail "there is no backup"

story "Its first page is overwritten"
printf 'not a database any more' | dd of=vscale.db conv=notrunc status=none
refused 'vscale.db is not a statefile' 'if this was it, go back to the newest backup: move .*vscale.db and .*vscale.db-wal away together'
restore

story "It is cut off"
truncate -s 20000 vscale.db
refused 'statefile .*vscale.db is damaged' 'hint: go back to the newest backup'
restore

story "It is damaged in the middle: the way back that the message names leads back"
dd if=/dev/zero of=vscale.db bs=4096 seek=1 count=8 conv=notrunc status=none
refused 'statefile .*vscale.db is damaged' 'hint: go back to the newest backup'
mkdir away
for part in vscale.db vscale.db-wal; do
  if [ -e $part ]; then mv $part away/; fi
done
cp "$backup" vscale.db
run 0 apply --auto-approve
all_are_there 2
rm -r away
cp vscale.db good.db

story "It is lost: nothing is created a second time"
mv vscale.db away.db
refused 'kvm1 has a domain of that name, made by vscale with another statefile' 'hint: use the statefile that made it'
rm -f vscale.db vscale.db-*
mv away.db vscale.db
all_are_there 2

story "It is of a newer version"
version=$(sqlite3 vscale.db 'PRAGMA user_version')
sqlite3 vscale.db 'PRAGMA user_version = 99'
refused 'statefile .*vscale.db is of version 99, and this vscale knows versions up to' 'hint: use the vscale that wrote it'
sqlite3 vscale.db "PRAGMA user_version = $version"
all_are_there 2

story "An older backup is put in its place: what was made after it is not created a second time"
write 3
run 0 apply --auto-approve
mv vscale.db newer.db
cp good.db vscale.db
refused 'kvm1 has a domain of that name, which is ours but not in this statefile \(serial [0-9]+\)' 'hint: was an older backup restored\?'
rm -f vscale.db vscale.db-*
mv newer.db vscale.db
all_are_there 3

story "It is in use: the holder is named, status and plan need not wait, and whoever wants to waits"
write 4
in_background apply --auto-approve
until_it_prints 'root disk.*ok'
pause
go_on_when 'Waiting up to' &
waker=$!
run 1 apply --auto-approve
says "vscale.db is in use: apply by"
says "pid $pid"
says 'hint: wait until it is done, or let --lock-timeout'
run 0 status
says "pid $pid"
run 0 plan
run 0 apply --auto-approve --lock-timeout 60s
says 'Waiting up to 1m: .*in use'
says 'No changes'
wait "$waker"
ends_with 0
all_are_there 4

story "Ctrl-C: what runs is finished, and the next apply does the rest"
write 6
in_background apply --auto-approve
until_it_prints 'root disk.*ok'
kill -INT "$pid"
ends_with 130
says 'Finishing what runs \([0-9]+ actions?\); again to stop now. Nothing is lost.'
says 'Stopped: [0-9]+ of [0-9]+ actions'
says 'Go on: vscale apply'
does_not_print 'Left in the middle'
run 0 apply --auto-approve
all_are_there 6

story "Ctrl-C twice: it stops at once, and the next apply does the rest"
write 8
in_background apply --auto-approve
until_it_prints 'write seed on.*ok'
kill -INT "$pid"
until_it_prints 'Finishing what runs'
kill -INT "$pid" 2> /dev/null || true
ends_with 130
says 'Go on: vscale apply'
run 0 apply --auto-approve
all_are_there 8

# A small disk of its own for the statefile. It is mounted on the host and goes with it, so vscale runs there.
story "The disk of the statefile is mounted read-only"
disk=/run/state
lab exec kvm1 mkdir $disk
lab exec kvm1 mount -t tmpfs -o size=3m tmpfs $disk
lab exec kvm1 cp "$work/vscale.db" $disk/
vs() {
  printf '$ vscale %s\n' "$*"
  code=0
  lab exec kvm1 timeout "$command_timeout_s" "$vscale" -f "$work/vscale.yaml" --state $disk/vscale.db "$@" > "$out" 2>&1 < /dev/null || code=$?
  sed 's/^/    /' "$out"
}
lab exec kvm1 mount -o remount,ro $disk
refused 'statefile /run/state/vscale.db cannot be written: it is read-only' 'Read-only file system' 'let --state name another file'
run 0 status
says 'web +8/8'
lab exec kvm1 mount -o remount,rw $disk
all_are_there 8

fill() { lab exec kvm1 sh -c "cat /dev/zero > $disk/filler" 2> /dev/null || true; }
full='statefile /run/state/vscale.db cannot grow: the disk is full'

story "It is full"
fill
refused "$full" 'hint: make room on that file system'
run 0 status # who only reads needs no room
says 'web +8/8'
run 0 state list
says 'group.web\[7\]'
lab exec kvm1 rm $disk/filler
all_are_there 8

story "It fills up while apply runs: nothing is done that cannot be recorded"
write 10
printf '$ vscale apply --auto-approve &\n'
: > stream
lab exec kvm1 "$vscale" -f "$work/vscale.yaml" --state $disk/vscale.db apply --auto-approve > stream 2>&1 < /dev/null &
pid=$!
until_it_prints 'root disk.*ok'
fill
ends_with 1
says "$full"
says 'hint: make room on that file system'
says 'The run ended at once, since nothing is done that cannot be recorded'
[ "$(domains_on kvm1 | wc -l)" -ge 8 ] || fail "what ran before does not run any more: $(domains_on kvm1)"

story "With room again, apply does the rest"
lab exec kvm1 rm $disk/filler
run 0 apply --auto-approve
all_are_there 10

story "Destroy finds all of it"
run 0 destroy --auto-approve
[ -z "$(on kvm1 list --all --name | sed '/^$/d')" ] || fail "kvm1 still has domains"
[ -z "$(volumes_on kvm1)" ] || fail "volumes are left: $(volumes_on kvm1)"
