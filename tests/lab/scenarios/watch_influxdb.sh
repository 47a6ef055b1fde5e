#!/bin/bash
# A number in an InfluxDB drives a group. Where it cannot be told (no point yet, no database there, a wrong password), the group
# stays as it is: what is not known is no zero.
# labels: slow
# timeout: 900
. "$(dirname "$0")/scenario.sh"
. "$(dirname "$0")/watching.sh"
begin 2

readonly influxdb=http://10.77.0.1:8086
export INFLUX_USER=vscale INFLUX_PASSWORD='six & sixty: sesame?'

yaml << EOF
groups:
  web:
    size: 2
    template: { image: tiny, vcpus: 1, memory: 128MiB, networks: [lan], storage: local }
    $serves_http
    scaling:
      min: 1
      max: 4
      cooldown: { out: 1s, in: 1s }
      stabilization: { out: 0s, in: 0s }
      rate: { in: [{ instances: 4, per: 1s }] }
      policies:
        queue:
          kind: target
          per: instance
          target: 10
          influxdb: { query: 'SELECT sum("newest") FROM (SELECT last("waiting") AS "newest" FROM "jobs" GROUP BY "shop")' }
metrics: { influxdb: { url: "$influxdb", database: shops, username: "\${env.INFLUX_USER}", password: "\${env.INFLUX_PASSWORD}" } }
watch: { interval: 2s, listen: "127.0.0.1:9188" }
EOF
cat > influxdb.conf << EOF
reporting-disabled = true
bind-address = "127.0.0.1:8088"
[meta]
dir = "$work/influxdb/meta"
[data]
dir = "$work/influxdb/data"
wal-dir = "$work/influxdb/wal"
[monitor]
store-enabled = false
[http]
bind-address = "${influxdb#http://}"
auth-enabled = true
log-enabled = false
EOF

# The database's own words; `boss` may do everything.
ask() { lab run curl -sS --max-time 10 --user boss:boss "$@" > "$out" 2>&1; }
says_to_influxdb() { ask --data-urlencode "q=$1" "$influxdb/query" && ! grep -q '"error"' "$out"; }
influxdb_does() { says_to_influxdb "$1" || fail "InfluxDB does not do: $1"; }
# waiting SHOP JOBS: another point.
waiting() {
  ask --fail --data-binary "jobs,shop=$1 waiting=$2" "$influxdb/write?db=shops" || fail "InfluxDB does not take a point"
}
begin_influxdb() {
  serve influxd -config influxdb.conf
  influxd=$!
  within 120 lab run curl -sSf --max-time 5 "$influxdb/ping"
}
end_influxdb() {
  kill "$influxd"
  wait "$influxd" || true
}
explains() { lab run "$vscale" explain web > "$out" 2>&1 && tr -s '[:space:]' ' ' < "$out" | grep -Eq -- "$1"; }
# stays SIZE WHY: for some looks, and explain tells why.
stays() {
  within 60 explains "$2"
  after_ticks 5
  group_is "$1" "$1" || fail "it did not stay at $1"
  run 0 explain web
  says "$2"
}

story "Two guests; the database has no point yet, which is no zero"
begin_influxdb
influxdb_does "CREATE USER boss WITH PASSWORD 'boss' WITH ALL PRIVILEGES"
influxdb_does "CREATE DATABASE shops"
influxdb_does "CREATE USER $INFLUX_USER WITH PASSWORD '$INFLUX_PASSWORD'"
influxdb_does "GRANT READ ON shops TO $INFLUX_USER"
run 0 apply --auto-approve
begin_watch
within 60 ticks
within 120 group_is 2 2
stays 2 'queue error it has answered without a number'

story "Jobs wait in two shops, more than two guests are for: a third one comes"
mark
waiting north 14
waiting south 11
within 180 group_is 3 3
watch_says 'web 2 -> 3: queue' || fail "it does not say so"
run 0 explain web --count 20

story "Most of them are done: one guest is enough"
mark
waiting north 3
waiting south 2
within 120 group_is 1 1
watch_says 'web 3 -> [12]: queue' || fail "it does not say so; it said: $(tail -n 20 "$watch_log")"

story "The database is ended while three are there: nobody goes, and explain says why"
waiting south 24
within 180 group_is 3 3
end_influxdb
stays 3 'queue error policy queue of group.web: .*/query does not take connections'

story "It is back with less to do: the group follows it again"
begin_influxdb
waiting south 12
within 120 group_is 2 2

story "It takes the password no more: nobody goes, and explain says why"
influxdb_does "SET PASSWORD FOR $INFLUX_USER = 'another'"
readonly refused='queue error policy queue of group.web: .*/query refused the query .authorization failed.'
within 60 explains "$refused"
waiting south 1
stays 2 "$refused"
influxdb_does "SET PASSWORD FOR $INFLUX_USER = '$INFLUX_PASSWORD'"
within 120 group_is 1 1

end_watch TERM 0
encoded=$(python3 -c 'import sys, urllib.parse as url; print(url.quote(sys.argv[1]), url.quote_plus(sys.argv[1]), sep="\n")' "$INFLUX_PASSWORD")
basic=$(printf '%s:%s' "$INFLUX_USER" "$INFLUX_PASSWORD" | base64 -w 0)
for form in "$INFLUX_PASSWORD" $encoded "$basic"; do
  ! grep -F "$form" "$watch_log" || fail "the password is in what watch said"
  ! grep -aF "$form" vscale*.db* || fail "the password is in the statefile"
done
run 0 plan --detailed-exitcode
run 0 destroy --auto-approve
end_influxdb
