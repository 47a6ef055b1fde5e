# shellcheck shell=bash
# What both image scripts share, to be sourced by them: a cache of finished images, and a disk that boots by BIOS.
# No loop device and no mount is needed, so that the scripts also work inside a container.

image_dir=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
readonly image_dir
readonly cache_dir=${VSCALE_CACHE:-/var/cache/vscale-tests}
readonly build_lock_timeout_s=900 # somebody else builds the same image right now: minutes, for the Debian one

# Every time stamp inside an image is this one, so that the same packages give the same bytes.
export SOURCE_DATE_EPOCH=1700000000 LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# need COMMAND=PACKAGE...: ends with the missing packages' names.
need() {
  local row missing=()
  for row in "$@"; do
    command -v "${row%%=*}" >/dev/null || missing+=("${row#*=}")
  done
  [ ${#missing[@]} -eq 0 ] || fail "not installed: ${missing[*]}; get them with: apt-get install ${missing[*]}"
}

# cached_image NAME OUT INPUT...: puts the image NAME at OUT. It is built by the caller's function `build FILE`, run in an
# empty directory, unless the cache has one that was made by the very same scripts and inputs (files in this folder).
# Called twice at once, one builds and the other waits; killed half-way, nothing half-made is ever found under the final
# name.
cached_image() {
  local image=$1 out=$2 digest cached
  shift 2
  [ -n "$out" ] || fail "usage: $(basename "$0") OUT.qcow2"
  digest=$(cd "$image_dir" && cat "$image-image.sh" image-build.sh "$@" | sha256sum | head -c 16)
  cached=$cache_dir/$image-$digest.qcow2
  if [ ! -e "$cached" ]; then
    mkdir -p "$cache_dir"
    exec 9> "$cache_dir/$image.lock"
    flock --timeout "$build_lock_timeout_s" 9 || fail "another build of this image has not ended in ${build_lock_timeout_s}s"
    [ -e "$cached" ] || build_into_cache "$image" "$cached"
    exec 9>&-
  fi
  cp --reflink=auto "$cached" "$out.part"
  chmod 644 "$out.part"
  mv "$out.part" "$out"
  echo "$out  $(($(stat -c %s "$out") / 1048576)) MiB"
}

build_into_cache() {
  local image=$1 cached=$2
  # On one file system with the cache, so that the last step is a rename.
  work=$(mktemp -d "$cache_dir/$image-build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # Not as a condition, which would switch `set -e` off inside.
  (cd "$work" && build "$work/image.qcow2") 9>&-
  # What older versions of the scripts made is of no more use.
  rm -f "$cache_dir/$image"-*.qcow2
  chmod 444 "$work/image.qcow2"
  mv "$work/image.qcow2" "$cached"
  rm -rf "$work"
  trap - EXIT
}

# download PACKAGE...: fetches Debian packages into the current directory, without installing them.
download() {
  apt-get -qq -o APT::Sandbox::User=root download "$@" 2>/dev/null && return 0
  # A fresh machine or container may have no package lists, or outdated ones.
  apt-get -qq update
  apt-get -qq -o APT::Sandbox::User=root download "$@"
}

# boot_disk OUT.qcow2 KERNEL INITRD ARGUMENTS [ROOT.img]: a disk with a partition that syslinux boots from, and, if given,
# a second one with that file system.
boot_disk() {
  local out=$1 kernel=$2 initrd=$3 arguments=$4 root=${5:-} boot_mib
  boot_mib=$((($(stat -c %s "$kernel") + $(stat -c %s "$initrd")) / 1048576 + 8))
  truncate -s "${boot_mib}M" boot.img
  mkfs.fat -F 16 -n BOOT -i 76736361 --invariant boot.img >/dev/null
  printf 'DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n KERNEL vmlinuz\n INITRD initrd\n APPEND %s\n' "$arguments" \
    > syslinux.cfg
  touch -d "@$SOURCE_DATE_EPOCH" syslinux.cfg "$kernel" "$initrd"
  mcopy -m -i boot.img "$kernel" ::vmlinuz
  mcopy -m -i boot.img "$initrd" ::initrd
  mcopy -m -i boot.img syslinux.cfg ::syslinux.cfg
  syslinux --install boot.img

  local root_mib=0 partitions="start=2048, size=$((boot_mib * 2048)), type=6, bootable"
  if [ -n "$root" ]; then
    root_mib=$(($(stat -c %s "$root") / 1048576))
    partitions+=$'\n'"start=$(((boot_mib + 1) * 2048)), size=$((root_mib * 2048)), type=83"
  fi
  truncate -s "$((1 + boot_mib + root_mib))M" disk.img
  sfdisk --quiet --no-reread disk.img <<< $'label: dos\nlabel-id: 0x76736361\n'"$partitions"
  dd if=/usr/lib/syslinux/mbr/mbr.bin of=disk.img conv=notrunc status=none
  dd if=boot.img of=disk.img bs=1M seek=1 conv=notrunc status=none
  [ -z "$root" ] || dd if="$root" of=disk.img bs=1M seek="$((boot_mib + 1))" conv=notrunc,sparse status=none
  qemu-img convert -c -O qcow2 disk.img "$out"
}
