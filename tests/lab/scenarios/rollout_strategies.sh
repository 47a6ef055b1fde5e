#!/bin/bash
# The other ways to roll a group out, and what a rolling update stops for: recreate, onDelete, in percent with timed rests, a
# bake that fails, gates that never pass, a hook that refuses, a surge that fits nowhere.
# labels: slow
# timeout: 1500
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/load.sh"
begin 2

guests() { { domains_on kvm1; domains_on kvm2; } | sort | tr '\n' ' '; }

# first_line, last_line PATTERN: the number of the line of the last output that says so.
first_line() { grep -nE -- "$1" "$out" | head -n 1 | cut -d: -f1; }
last_line() { grep -nE -- "$1" "$out" | tail -n 1 | cut -d: -f1; }

story "Three guests serve"
versioned_group v1
run 0 apply --auto-approve
begin_load
was=$(guests)

story "recreate: all go, and then all come, under the names and addresses that they had"
versioned_group v2 'strategy: recreate'
run 0 plan
run 0 apply --auto-approve
[ "$(last_line 'web-[0-9] .*(shut down|destroy)')" -lt "$(first_line 'web-[0-9] .*claim a place')" ] || fail "one came before all had gone"
serve_versions '3 v2'
[ "$(guests)" = "$was" ] || fail "guests are $(guests), want $was"
run 0 plan --detailed-exitcode

story "onDelete: nobody is touched; who goes comes back new"
versioned_group v3 'strategy: onDelete'
run 0 apply --auto-approve
serve_versions '3 v2'
run 0 apply --auto-approve --replace 'group.web[1]'
serve_versions '2 v2, 1 v3'
run 0 status
run 0 plan --detailed-exitcode

story "In percent: a third, a rest of ten seconds that apply waits for itself, then the others and a bake"
versioned_group v4 'maxSurge: "34%", steps: [{ to: "33%", pause: 10s }, { to: "100%", bake: 5s }]'
run 0 plan
says 'surge 2, unavailable 0'
run 0 apply --auto-approve
serve_versions '3 v4'
run 0 plan --detailed-exitcode
run 0 rollout history web

story "A version that breaks while it is baked goes back by itself"
user_data='(sleep 25; rm /run/www/health) &\n'
versioned_group v5 'steps: [{ to: 1, bake: 60s }], onFailure: rollback'
run 1 apply --auto-approve
says 'what has come of web did not stay available'
user_data=
count_requests_anew # the one that broke was a member
serve_versions '3 v4'
run 0 plan --detailed-exitcode

story "systemd is degraded, which is found out, and good enough where the gate says so"
startup_timeout=45s
user_data='exit 1\n' gates='{ systemd: {} }'
versioned_group v6
run 1 apply --auto-approve
says 'degraded'
serve_versions '3 v4'
startup_timeout=2m
gates='{ systemd: { allowDegraded: true } }, { exec: { guest: [grep, -q, v6, /run/www/version] } }'
versioned_group v6
run 0 rollout resume web
run 0 apply --auto-approve
serve_versions '3 v6'
user_data= gates=
run 0 plan --detailed-exitcode

story "A surge that no host can hold is an error in the plan, and nothing is begun"
versioned_group v7
for host in kvm1 kvm2; do # just what it has, each of 201 MiB, beside the gibibyte that is left to the host
  sed -i "s/\($host: .*memory: \)8GiB/\1$((1024 + 201 * $(domains_on $host | wc -l) + 50))MiB/" vscale.yaml
done
run 1 plan
says 'fits on no host'
run 1 apply --auto-approve
serve_versions '3 v6'

story "A hook that refuses: who was to go stays a member, and the hooks before it are taken back"
may_go=$work/may_go
printf '#!/bin/sh\nexit 1\n' > may_go
chmod +x may_go
: > goners
versioned_group v7
run 1 apply --auto-approve
says 'may_go'
serve_versions '3 v6, 1 v7'
run 0 status

story "It refuses no more: the rollout goes on, every guest is greeted from within, and those that went are told of"
printf '#!/bin/sh\n' > may_go
run 0 apply --auto-approve
serve_versions '3 v7'
for address in "$members"/*; do lab run curl -sS --fail "http://${address##*/}/greeted" || fail "${address##*/} was not greeted"; done
cat goners
[ "$(wc -l < goners)" -eq 3 ] || fail "want three that went"
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
