#!/bin/bash
# From a bare Debian 12 to three guests on two libvirt hosts, all on this machine and closed off from everything else.
#
# usage: examples/quickstart/run.sh          run it; once more takes seconds
#        examples/quickstart/run.sh down     remove every trace: guests, hosts, state, image, key and
#                                            build (installed packages stay)
#
# Needs root: the hosts are made of namespaces, each with a libvirtd of its own.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
readonly here
cd "$here/../.."

# shellcheck disable=SC1091 # beside this script
source "$here/commands.sh"
export no_proxy='*' # the machine may have a proxy; the lab has none
# Beside nothing else: `down` takes them away.
export VSCALE_CACHE=$PWD/build-quickstart/images CCACHE_DIR=${CCACHE_DIR:-$PWD/build-quickstart/ccache}

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

say() { printf '\n%s\n' "$*"; }

# show COMMAND...: prints a command as one would type it, and runs it.
show() {
  printf '%s$ %s%s\n' "$bold" "$*" "$plain"
  "$@" </dev/null || {
    local code=$?
    printf '\n"%s" ended with exit code %s.\nLook around: see "Try next" in %s.  Take it all away: %s\n' \
      "$*" "$code" examples/quickstart/README.md "examples/quickstart/run.sh down"
    exit "$code"
  } >&2
}

down() {
  show lab down
  rm -rf build-quickstart
  rm -rf "$here"/vscale.db* "$here"/vscale-metrics.db*
  say "Every trace is gone. Debian packages that were installed stay."
}

[ "$(id -u)" -eq 0 ] || { echo "This needs root: it makes network namespaces, and starts libvirtd in them." >&2 && exit 1; }

case ${1:-} in
  '') ;;
  down)
    down
    exit
    ;;
  *)
    echo "usage: run.sh [down]" >&2
    exit 2
    ;;
esac

say "What vscale is built from, and what a lab is made of (Debian packages; nothing to do if they are there):"
show tests/support/install-packages.sh build lab image

say "The program (five to ten minutes the first time, on two processors):"
show tests/support/compile.sh build-quickstart vscale -G Ninja -DCMAKE_BUILD_TYPE=Release -DVSCALE_TESTS=OFF

say "Two hosts, each with its own libvirtd, and a guest image of 16 MB:"
show lab up 2
show tests/lab/guest-image.sh build-quickstart/guest.qcow2

say "A key of its own for ssh into the guests: build-quickstart/ssh_key"
[ -s build-quickstart/ssh_key.pub ] || ssh-keygen -q -t ed25519 -N '' -C quickstart -f build-quickstart/ssh_key

say "Is examples/quickstart/vscale.yaml in order? This asks no host."
show vscale validate

say "What would change, and why?"
show vscale plan

say "Do it. The image goes to both hosts, three guests are made, started, and waited for."
show vscale apply --auto-approve

say "How is everything now?"
show vscale status

say "Each guest answers:"
addresses=$(vscale inventory --format ssh-config </dev/null | awk '$1 == "HostName" { print $2 }')
[ -n "$addresses" ] || { echo "vscale knows no address of any guest" >&2 && exit 1; }
for address in $addresses; do
  show lab run curl -sSf --max-time 10 "http://$address/"
done

say "And lets you in:"
show vscale ssh web-0 -- uptime

cat <<END

${bold}Try next${plain}  (the first line makes vscale and lab commands of your shell)

  . examples/quickstart/commands.sh
  vscale plan                          nothing to do: what is wanted is what is there
  vscale apply --var size=5            grows the group to five
  vscale apply                         the file says three: it shrinks again
  vscale ssh web-0                     a shell inside the guest; exit leaves it
  vscale console web-0                 its serial console: press Enter; Ctrl-] leaves it
  vscale watch                         keeps it so from now on; Ctrl-C ends it
  lab exec kvm1 virsh destroy demo-web-0     in another shell: see it come again
  lab crash kvm2; vscale plan          a host loses power: what do you see, what is left alone?
  lab boot kvm2; vscale apply          it is back: its guests are started again
  vscale destroy                       everything that vscale made, and nothing else

  examples/quickstart/run.sh down      removes every trace
END
