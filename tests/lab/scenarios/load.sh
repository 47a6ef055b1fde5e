# A load of HTTP requests to the members of a group, for scenarios that roll it, and groups that tell their versions.
# Sourced after scenario.sh.
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
# Of one that died with its host nobody has taken leave.
cat > "$work/gone" << EOF
#!/bin/sh
rm -f "$members/\$VSCALE_ADDRESS"
echo "\$VSCALE_NAME \$VSCALE_REASON" >> "$work/goners"
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
chmod +x "$work"/{join,leave,gone,load}

# hooks: the lines of a group that keep the members. Taken from the scenario: $may_go, a program that may refuse a stop;
# $flaky, one that may refuse a welcome; $slow_hook, one more hook before a stop.
hooks() {
  cat << EOF
hooks:
      afterReady: [{ command: [$work/join] }, { guest: [touch, /run/www/greeted] }${flaky:+, { command: [$flaky] \}}]
      beforeStop: [{ command: [$work/leave], undo: [$work/join] }${may_go:+, { command: [$may_go] \}}${slow_hook:+, $slow_hook}]
      afterStop: [{ command: [$work/gone] }]
EOF
}

# begin_load: from now on, until the scenario ends.
begin_load() {
  : > "$requests"
  serve "$work/load"
}

# count_requests_anew: once every member answers again, after a host was away that some of them were on.
count_requests_anew() {
  for _ in $(seq 120); do
    : > "$requests"
    sleep 1
    ! grep -q '^FAILED' "$requests" && [ "$(sort -u "$requests" | wc -l)" -ge "$(ls "$members" | wc -l)" ] && break
  done
  : > "$requests"
}

# no_request_failed LEAST: since begin_load or count_requests_anew, of so many at least.
no_request_failed() {
  local asked
  asked=$(grep -c '^ok' "$requests" || true)
  [ "$asked" -ge "$1" ] || fail "only $asked requests were answered, want $1 at least"
  ! grep '^FAILED' "$requests" || fail "requests to members failed"
  echo "    $asked requests to members answered, none failed"
}

# versioned_group VERSION [UPDATE]: a group whose guests answer GET /version with it; those of "bad" are not healthy. Also
# taken from the scenario: $size, $transport, $startup_timeout, $gates (that come after the usual ones) and $user_data (lines of it).
versioned_group() {
  local then="echo $1 > /run/www/version"
  [ "$1" != bad ] || then='rm /run/www/health'
  yaml --transport "${transport:-unix}" << EOF
groups:
  web:
    size: ${size:-3}
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit: { userData: "#!/bin/sh\n$then\n${user_data:-}" }
    health:
      startupTimeout: ${startup_timeout:-2m}
      gates: [{ agent: {} }, { http: { port: 80, path: /health } }${gates:+, $gates}]
    shutdown: { grace: 5s }
    update: { ${2:-maxSurge: 1} }
    $(hooks)
EOF
}

# versions: how many members serve which version, such as "1 v2, 2 v1".
versions() {
  local address
  for address in "$members"/*; do lab run curl -sS --max-time 5 "http://${address##*/}/version"; done |
    sort | uniq -c | awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2 } END { print "" }'
}

serve_versions() {
  local found
  found=$(versions)
  [ "$found" = "$1" ] || fail "members serve $found, want $1"
  no_request_failed 1
}
