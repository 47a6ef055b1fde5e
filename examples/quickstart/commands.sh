# The two commands of the quickstart, for your shell:   . examples/quickstart/commands.sh
#
#   vscale ...   the program that run.sh built, started where it reaches hosts and guests; works in this folder, or where
#                you are if you name files with -f
#   lab ...      the two hosts: `lab crash kvm2` and `lab boot kvm2`, which plan and status show. `lab cut kvm2` they do not:
#                vscale reaches these hosts by a socket, not by the cable. `lab run curl http://10.77.1.50/` asks a guest
# shellcheck shell=bash
quickstart=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
[ -z "${QUICKSTART_LAB:-}" ] || export VSCALE_VAR_lab=/var/lib/vscale-lab/$QUICKSTART_LAB # another one than the file says

lab() { LAB_NAME=${QUICKSTART_LAB:-demo} LAB_SUBNET=10.77.1 "${quickstart%/*/*}/tests/lab/lab" "$@"; }
vscale() (
  folder=$quickstart
  for word in "$@"; do
    case $word in
      --) break ;; # what follows is the guest's
      -f* | -[qv]f* | --file | --file=*) folder=. ;;
    esac
  done
  cd "$folder" && lab run "${quickstart%/*/*}/build-quickstart/cmd/vscale" "$@"
)
