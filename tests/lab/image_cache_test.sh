#!/bin/bash
# Guest images are built once and kept; building is safe twice at once, and gives the same bytes every time.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d "${TMPDIR:-/tmp}/vscale-images.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" && exit 1; }
story() { printf '== %s\n' "$*"; }
digest() { sha256sum < "$1"; }

story "Two at once: one builds, both get the image"
export VSCALE_CACHE=$work/cache
"$here/guest-image.sh" "$work/a.qcow2" & first=$!
"$here/guest-image.sh" "$work/b.qcow2" & second=$!
wait "$first" || fail "the first failed"
wait "$second" || fail "the second failed"
[ "$(digest "$work/a.qcow2")" = "$(digest "$work/b.qcow2")" ] || fail "they differ"
[ "$(find "$VSCALE_CACHE" -name '*.qcow2' | wc -l)" -eq 1 ] || fail "the cache holds: $(ls "$VSCALE_CACHE")"
[ "$(find "$VSCALE_CACHE" -mindepth 1 -type d | wc -l)" -eq 0 ] || fail "a build directory is left"

story "Once more comes from the cache, and what is done to the copy does not reach it"
echo garbage > "$work/a.qcow2"
before=$(stat -c '%i %Y' "$VSCALE_CACHE"/*.qcow2)
"$here/guest-image.sh" "$work/a.qcow2"
[ "$before" = "$(stat -c '%i %Y' "$VSCALE_CACHE"/*.qcow2)" ] || fail "it was built anew"
[ "$(digest "$work/a.qcow2")" = "$(digest "$work/b.qcow2")" ] || fail "the copy is not what is in the cache"

story "Built from nothing again, it has the same bytes"
VSCALE_CACHE=$work/elsewhere "$here/guest-image.sh" "$work/c.qcow2"
[ "$(digest "$work/c.qcow2")" = "$(digest "$work/b.qcow2")" ] || fail "it differs"
