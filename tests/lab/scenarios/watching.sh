# A watch that goes on beside a scenario. Sourced after scenario.sh.

readonly watch_log=$work/watch.log
watch_pid=

# begin_watch ARGUMENTS...: from now on, until end_watch or the scenario's end. What it says goes to $watch_log.
begin_watch() {
  printf '$ vscale watch %s    (goes on)\n' "$*"
  "$lab_tests/lab" run "$vscale" watch "$@" >> "$watch_log" 2>&1 < /dev/null 9>&- &
  watch_pid=$!
  services+=("$watch_pid")
}

# end_watch SIGNAL EXPECTED_CODE
end_watch() {
  local ended=0
  kill -"$1" "$watch_pid" || fail "watch had ended before; it said: $(tail -n 20 "$watch_log")"
  wait "$watch_pid" || ended=$?
  [ "$ended" -eq "$2" ] || fail "watch ended with $ended, want $2; it said: $(tail -n 20 "$watch_log")"
}

# within SECONDS COMMAND...: tries the command until it succeeds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within its time: $*; watch said: $(tail -n 40 "$watch_log")"
    sleep 0.3
  done
}

# watch_says PATTERN: since mark().
marked=1
mark() { marked=$(($(wc -l < "$watch_log") + 1)); }
watch_says() { tail -n +"$marked" "$watch_log" | tr -s '[:space:]' ' ' | grep -Eq -- "$1"; }

# group_has GROUP READY WANT: what status says. None beside those that are wanted is there, not even one that is leaving:
# what was decided has been done.
group_has() {
  lab run "$vscale" status --json > status.json 2> /dev/null
  grep -q "\"address\":\"group.$1\",\"ready\":$2,\"have\":$3,\"want\":$3," status.json
}
group_is() { group_has web "$@"; } # group_is READY WANT

# busy_guest: lines of user-data for a guest that burns its processor while /run/burn is there.
readonly busy_guest='(while :; do if [ -e /run/burn ]; then i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; else sleep 0.2; fi; done) &'

# after_ticks COUNT: until watch has looked so many times more, by its own count. It is to listen on 127.0.0.1:9188.
ticks() { lab run curl -sSf http://127.0.0.1:9188/metrics | awk '$1 == "vscale_tick_duration_seconds_count" { print $2 }'; }
ticks_are() { [ "$(ticks)" -ge "$1" ]; }
after_ticks() { within 240 ticks_are $(($(ticks) + $1)); }

# at_once COMMAND...: what the command writes into vscale.yaml takes the place of the file at once: a watch that follows it
# never reads a half of it.
at_once() {
  mkdir -p "$work/new"
  (cd "$work/new" && "$@")
  mv "$work/new/vscale.yaml" "$work/vscale.yaml"
}
