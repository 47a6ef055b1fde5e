#!/bin/bash
# Guests tell how many places are free and which of them may go; Prometheus scrapes watch, and a query to it drives a group.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

readonly prometheus=http://127.0.0.1:9090

yaml << EOF
groups:
  slots:
    size: 1
    template:
      image: tiny
      vcpus: 1
      memory: 128MiB
      networks: [lan]
      storage: local
      cloudInit:
        userData: |
          #!/bin/sh
          echo '{ "free": 10, "terminate": false }' > /run/www/free
          echo '{ "free": 2, "terminate": false }' > /run/www/full
          echo '{ "free": 10, "terminate": true }' > /run/www/leave
          cp /run/www/free /run/www/status
    $serves_http
    scaling:
      min: 1
      max: 3
      cooldown: { out: 1s, in: 1s }
      stabilization: { out: 0s, in: 0s }
      policies:
        slots: { kind: capacity, perInstance: 10, minAvailable: 5, http: { scheme: http, port: 80, path: /status, available: /free, terminate: /terminate, timeout: 2s } }
  web:
    size: 1
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    $serves_http
    scaling:
      min: 1
      max: 3
      cooldown: { out: 1s, in: 1s }
      stabilization: { out: 0s, in: 0s }
      policies:
        queue: { kind: target, per: instance, target: 30, prometheus: { url: "$prometheus", query: '20 * vscale_group_ready_instances{group="slots"}' } }
watch: { interval: 2s, listen: "127.0.0.1:9188" }
EOF
cat > prometheus.yml << EOF
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: vscale, static_configs: [{ targets: ["127.0.0.1:9188"] }] }]
EOF

prometheus_says() { # prometheus_says QUERY VALUE
  lab run curl -sS --max-time 5 --get --data-urlencode "query=$1" "$prometheus/api/v1/query" | grep -q "\"value\":\[[0-9.]*,\"$2\"\]"
}
tells() { in_guest "$1" "cp /run/www/$2 /run/www/status"; }

story "One of each; the number of places is enough, and Prometheus has nothing to say yet"
run 0 apply --auto-approve
begin_watch
within 120 group_has slots 1 1
group_has web 1 1 || fail "web has another size, though nobody can tell of it"

story "Prometheus scrapes watch"
serve prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb --web.listen-address="${prometheus#http://}" --log.level=error
within 120 prometheus_says up 1
within 120 prometheus_says 'vscale_group_wanted_instances{group="web"}' 1
within 120 prometheus_says 'vscale_lock_held' 1

story "The places are taken: another guest comes, and the group that follows by the query grows with it"
mark
tells demo-slots-0 full
within 240 group_has slots 2 2
watch_says 'slots 1 -> 2' || fail "it does not say so"
within 240 group_has web 2 2
run 0 explain web --count 20
says '1 -> 2: queue'

story "They are free again, and the older one says that it may go: it goes, not the newer one"
mark
tells demo-slots-0 leave
within 240 group_has slots 1 1
[ -z "$(host_of demo-slots-0)" ] || fail "the one that said so is still there"
[ -n "$(host_of demo-slots-1)" ] || fail "the one that did not say so is gone"
within 240 group_has web 1 1

story "The pages tell the same as the commands"
lab run curl -sSf http://127.0.0.1:9188/healthz > "$out" || fail "not alive"
lab run curl -sSf http://127.0.0.1:9188/readyz > "$out" || fail "not ready"
lab run curl -sSf http://127.0.0.1:9188/api/v1/status > "$out"
prints '"address":"group.slots","ready":1'
lab run curl -sSf 'http://127.0.0.1:9188/api/v1/events' > "$out"
prints 'scaled'

story "Prometheus is gone: nobody goes, and it is told"
kill "${services[1]}"
wait "${services[1]}" || true
tells demo-slots-1 full
within 240 group_has slots 2 2
run 0 explain web
says 'queue error'
group_has web 1 1 || fail "web has changed its size by a policy that cannot tell"

end_watch TERM 0
run 0 destroy --auto-approve
