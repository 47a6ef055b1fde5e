# A load of HTTP requests to the members of a group, for scenarios that roll it. Sourced after scenario.sh.
#
# The members are the files in $members, one for each guest, named by its address: hooks put them there once a guest is
# ready and take them away before it stops, as one does with a load balancer. `load` asks every member again and again;
# whatever fails is written down.

readonly members=$work/members
readonly requests=$work/requests
readonly drain_s=2 # what was begun before a member left comes to its end in this time; a request has less
mkdir -p "$members"

cat > "$work/join" << EOF
#!/bin/sh
exec touch "$members/\$VSCALE_ADDRESS"
EOF
cat > "$work/leave" << EOF
#!/bin/sh
rm -f "$members/\$VSCALE_ADDRESS"
exec sleep $drain_s
EOF
# Each round asks every member that is there when its turn comes.
cat > "$work/load" << EOF
#!/bin/bash
cd "$members"
while :; do
  for address in *; do
    [ -e "\$address" ] || continue
    if answer=\$(curl -sS --fail --max-time $((drain_s - 1)).8 "http://\$address/health" 2>&1); then
      echo "ok \$address"
    else
      echo "FAILED \$(date +%T.%N) \$address \$answer"
    fi
  done >> "$requests"
  sleep 0.05
done
EOF
chmod +x "$work"/{join,leave,load}

# hooks: the lines of a group that keep the members.
hooks() {
  printf 'hooks: { afterReady: [{ command: [%s/join] }], beforeStop: [{ command: [%s/leave], undo: [%s/join] }] }\n' \
    "$work" "$work" "$work"
}

# begin_load: from now on, until the scenario ends.
begin_load() { : > "$requests"; serve "$work/load"; }

# no_request_failed LEAST: since begin_load, of so many at least.
no_request_failed() {
  local asked
  asked=$(grep -c '^ok' "$requests" || true)
  [ "$asked" -ge "$1" ] || fail "only $asked requests were answered, want $1 at least"
  ! grep '^FAILED' "$requests" || fail "requests to members failed"
  echo "    $asked requests to members answered, none failed"
}
