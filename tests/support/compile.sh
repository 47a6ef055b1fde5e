#!/bin/bash
# Configures and compiles, and says little: a line every half minute, and the end of the log when it fails.
#
# usage: compile.sh FOLDER TARGET CMAKE_ARGUMENT...     such as: compile.sh build all --preset ci
#
# FOLDER is below the root of the tree; FOLDER/compile.log has everything.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."

readonly folder=$1 target=$2
readonly log=$folder/compile.log
shift 2
mkdir -p "$folder"

compile() {
  cmake -S . -B "$folder" "$@" && cmake --build "$folder" --target "$target" --parallel "${VSCALE_JOBS:-$(nproc)}"
}

compile "$@" > "$log" 2>&1 </dev/null &
compiler=$!
seconds=0
while kill -0 "$compiler" 2>/dev/null; do
  sleep 0.5
  seconds=$((seconds + 1))
  [ $((seconds % 60)) -ne 0 ] || printf '   %4d s  %s\n' $((seconds / 2)) "$(grep '^\[' "$log" | tail -n 1 | cut -c 1-70)"
done
wait "$compiler" || {
  tail -n 60 "$log"
  echo "compile.sh: $folder was not compiled; everything it said is in $log"
  exit 1
} >&2
