# What benches with hosts stand on: a lab of their own, and domains of libvirt's test driver on its hosts. Sourced, not
# run, with $build set to the build directory. Needs root.

readonly fleet_wait_s=240 # for all domains of a fleet to be there
programs=$build/tests/bench vscale=$build/cmd/vscale
export LAB_NAME=${LAB_NAME:-bench} LAB_SUBNET=${LAB_SUBNET:-10.77.0}
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-bench.XXXXXX")
export XDG_CACHE_HOME=$work/cache

lab() { "$here/../lab/lab" "$@"; }

finish() {
  local status=$?
  trap - EXIT
  [ -z "${holder:-}" ] || kill "$holder" 2> /dev/null || true
  [ -z "${counter:-}" ] || kill "$counter" 2> /dev/null || true
  lab down || status=1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "$what: not within $1s" >&2; return 1; }
    sleep 0.02
  done
}

# The driver's storage pools hold 100 GiB each.
storages() {
  cat << END
storage:
  s0: { pool: s0, path: /s0, overcommit: 100 }
  s1: { pool: s1, path: /s1, overcommit: 100 }
  s2: { pool: s2, path: /s2, overcommit: 100 }
END
}

fleet_is_ready() {
  kill -0 "$holder" 2> /dev/null || { cat "$work/fleet.err" >&2; exit 1; }
  grep -q ready "$work/fleet"
}

# hold_fleet ARGUMENTS...: runs `fleet` with them, and keeps what it made until end_fleet.
hold_fleet() {
  rm -f "$work/hold" "$work/fleet"
  mkfifo "$work/hold"
  "$programs/fleet" "$@" < "$work/hold" > "$work/fleet" 2> "$work/fleet.err" &
  holder=$!
  exec 9> "$work/hold"
  wait_for "$fleet_wait_s" "the domains" fleet_is_ready
}

end_fleet() {
  exec 9>&-
  wait "$holder"
  holder=
}
