#!/bin/bash
# A rolling update is steered by hand: it waits at a step until it is promoted, is paused while it runs and goes on, is
# killed in the middle and finished by the next apply, stops by itself at a version that answers 404, is undone, is
# aborted. The old guests serve all the while.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/load.sh"
begin 2

# group VERSION [UPDATE]: three guests whose page says the version; "bad" is a version that is not healthy.
group() {
  local then="echo $1 > /run/www/version"
  [ "$1" != bad ] || then='rm /run/www/health'
  yaml << EOF
groups:
  web:
    size: 3
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit: { userData: "#!/bin/sh\n$then\n" }
    health: { startupTimeout: ${startup_timeout:-2m}, gates: [{ agent: {} }, { http: { port: 80, path: /health } }] }
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

# in_the_middle PATTERN COMMAND...: run apply, and the command once its output has the pattern. $out and $code are of apply.
in_the_middle() {
  local pattern=$1 pid
  shift
  printf '$ vscale apply --auto-approve    (and in the middle: %s)\n' "$*"
  code=0
  : > "$out"
  "$lab_tests/lab" run "$vscale" apply --auto-approve > "$out" 2>&1 < /dev/null 9>&- &
  pid=$!
  for _ in $(seq 2400); do # two minutes at most
    grep -Eq -- "$pattern" "$out" && break
    kill -0 "$pid" 2> /dev/null || fail "it had ended before it said: $pattern"
    sleep 0.05
  done
  [ "$1" != kill ] || set -- kill -9 "$pid"
  "$@" > said 2>&1 || fail "$* failed: $(cat said)"
  wait "$pid" || code=$?
  sed 's/^/    /' said "$out"
}

say() { lab run "$vscale" rollout "$@"; }

story "Three guests serve, and a load of requests begins"
group v1
run 0 apply --auto-approve
begin_load

story "A step that a person passes: one is new, and the rest waits"
group v2 'steps: [{ to: 1, pause: manual }, { to: "100%" }]'
run 0 simulate rollout web
run 0 apply --auto-approve
says 'waits at step 1 of 2'
serve_versions '2 v1, 1 v2'
run 0 status
run 0 plan --detailed-exitcode
run 0 rollout promote web
run 0 apply --auto-approve
serve_versions '3 v2'
run 0 plan --detailed-exitcode

story "Paused while it runs: what has begun comes to its end, and nothing more begins until it is resumed"
group v3
in_the_middle 'web-[0-9] .*wait until ready.*ok' say pause web --reason "too busy"
[ "$code" -eq 0 ] || fail "apply ended with $code, want 0"
says 'too busy'
served=$(versions)
[ "$served" != '3 v3' ] || fail "it was not paused"
run 0 plan --detailed-exitcode
[ "$(versions)" = "$served" ] || fail "it went on"
run 0 rollout resume web
run 0 apply --auto-approve
serve_versions '3 v3'

story "Killed in the middle (SIGKILL), and the next apply finishes it: no twin, no orphan"
group v4
in_the_middle 'web-[0-9] .*wait until ready.*ok' kill
[ "$code" -eq 137 ] || fail "apply ended with $code, want 137"
run 0 apply --auto-approve
serve_versions '3 v4'
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
[ "$({ volumes_on kvm1; volumes_on kvm2; } | grep -c '^demo-')" -eq 6 ] || fail "want a root disk and a seed for each of three"
run 0 plan --detailed-exitcode

story "A version that answers 404 stops by itself, and the old ones serve; it is undone"
startup_timeout=20s
group bad
run 1 apply --auto-approve
says 'rollout of revision [0-9]+ has stopped'
serve_versions '3 v4'
run 0 rollout status web
run 0 rollout undo web --reason "404"
run 0 apply --auto-approve
serve_versions '3 v4'
[ "$(running_everywhere kvm1 kvm2)" -eq 3 ] || fail "want exactly three running domains"
run 0 plan --detailed-exitcode

story "Aborted at a step: what is there stays as it is, until the file changes"
startup_timeout=2m
group v5 'steps: [{ to: 1, pause: manual }, { to: "100%" }]'
run 0 apply --auto-approve
run 0 rollout abort web
run 0 apply --auto-approve
serve_versions '2 v4, 1 v5'
run 0 plan --detailed-exitcode
group v6
run 0 apply --auto-approve
serve_versions '3 v6'

story "Undone long after it was completed"
run 0 rollout undo web
run 0 apply --auto-approve
found=$(versions)
[ "$found" = '3 v4' ] || fail "members serve $found, want 3 v4"
run 0 rollout history web
run 0 plan --detailed-exitcode
no_request_failed 500
run 0 destroy --auto-approve
