#!/bin/bash
# The quickstart of the README, from a copy of the sources as they would be checked out: its guests answer, running it again
# is quick, and `down` leaves nothing.
#
# labels: slow
# timeout: 900
set -euo pipefail
here=$(dirname "$(realpath "$0")")
readonly again_s=120 # with nothing to compile, build or boot
readonly root=/var/lib/vscale-lab
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-quickstart.XXXXXX")
# A lab of its own, beside the one of somebody who tries the quickstart on this machine.
export QUICKSTART_LAB=t-quickstart VSCALE_VAR_lab=$root/t-quickstart
unset VSCALE_CACHE
CCACHE_DIR=$(ccache --get-config cache_dir) # what is compiled here, the build that is measured need not compile again
export CCACHE_DIR
readonly home=$work/home # of whoever tries it

quickstart() { HOME=$home "$work/vscale/examples/quickstart/run.sh" "$@"; }
fail() { echo "FAILED: $*" && exit 1; }
story() { printf '== %s\n' "$*"; }

finish() {
  local status=$?
  trap - EXIT
  [ "$status" -eq 0 ] || tail -n 60 "$work"/*.log 2> /dev/null || true
  LAB_NAME=$QUICKSTART_LAB "$here/lab" down || status=1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# What of it can be seen on this machine: processes of the lab and of the copy, mounts, and files.
traces() {
  local process words
  for process in /proc/[0-9]*; do
    words=$(tr '\0' ' ' 2> /dev/null < "$process/cmdline") || continue
    [[ $words != *"$root/$QUICKSTART_LAB"* && $words != *"$work/vscale/"* ]] || echo "process ${process#/proc/}: $words"
  done
  grep -F -e "$QUICKSTART_LAB" -e "$work" /proc/self/mounts || true
  ls -d "$root/$QUICKSTART_LAB" 2> /dev/null || true
}

# The network namespaces that processes live in, one a line: of the lab, or of all. Other labs may be up beside it, so it is
# those that the lab had which must be gone.
namespaces_of_the_lab() {
  local process
  for process in $(traces | sed -n 's/^process \([0-9]*\):.*/\1/p'); do
    readlink "/proc/$process/ns/net" 2> /dev/null || true
  done | sort -u | grep -vxF "$(readlink /proc/self/ns/net)" || true
}
namespaces() { { readlink /proc/[0-9]*/ns/net 2> /dev/null || true; } | sort -u; }

files() { (cd "$work/vscale" && find . -type f | sort | xargs -d '\n' sha256sum); }

# try ARGUMENTS...: vscale as it is after `. commands.sh`; its output goes to a log.
try() {
  HOME=$home bash -c '. "$1"; shift; vscale "$@"' _ "$work/vscale/examples/quickstart/commands.sh" "$@" \
    > "$work/try.log" 2>&1 < /dev/null || fail "vscale $* ended with $?"
}

check_pages() {
  local instance
  for instance in web-0 web-1 web-2; do
    grep -q "Hello, this is .*$instance at 10\.77\.1\." "$1" || fail "no page of $instance is shown"
  done
}

LAB_NAME=$QUICKSTART_LAB "$here/lab" down
mkdir "$work/vscale" "$home"
(cd "$here/../.." && git ls-files -z | while IFS= read -r -d '' file; do
  [ ! -f "$file" ] || printf '%s\0' "$file" # one may just be on its way out
done |
  tar --create --null --files-from=- | tar --extract --directory="$work/vscale")
files_before=$(files)

story "From sources to three guests that answer"
quickstart > "$work/first.log" 2>&1 || fail "run.sh failed"
check_pages "$work/first.log"
grep -q 'load average' "$work/first.log" || fail "no guest lets anybody in by ssh"

story "Once more is quick, and changes nothing"
begin=$SECONDS
quickstart > "$work/second.log" 2>&1 || fail "run.sh failed the second time"
took=$((SECONDS - begin))
[ "$took" -le "$again_s" ] || fail "it took $took s, $again_s at most"
check_pages "$work/second.log"

story "What it says to try next"
try apply --var size=5 --auto-approve
try ssh web-4 -- hostname
grep -q 'demo-web-4$' "$work/try.log" || fail "web-4 says: $(cat "$work/try.log")"
try apply --auto-approve
try status
grep -q '^web *3/3 *3 ' "$work/try.log" || fail "the group did not shrink again"
new=$(comm -13 <(echo "$files_before") <(files | grep -v -e ' \./build-quickstart/' -e '/vscale\.db'))
[ -z "$new" ] || fail "files of the sources were changed: $new"

story "down takes away what it made: processes, namespaces, mounts, files"
[ -n "$(traces)" ] || fail "this test sees no trace of a quickstart that runs"
namespaces_of_the_lab > "$work/namespaces"
[ -s "$work/namespaces" ] || fail "this test sees no network namespace of a lab that is up"
quickstart down > "$work/down.log" 2>&1 || fail "run.sh down failed"
left=$(traces)
[ -z "$left" ] || fail "left: $left"
[ "$(files)" = "$files_before" ] || fail "files are left: $(diff <(echo "$files_before") <(files))"
new=$(find "$home" -mindepth 1)
[ -z "$new" ] || fail "files are left in the home folder: $new"
left=$(comm -12 "$work/namespaces" <(namespaces))
[ -z "$left" ] || fail "network namespaces are left: $left"
