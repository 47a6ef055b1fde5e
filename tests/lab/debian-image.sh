#!/bin/bash
# Builds a real Debian guest: systemd, cloud-init with NoCloud, the QEMU guest agent and sshd, from Debian packages.
#
# usage: debian-image.sh OUT.qcow2
#
# For what the tiny guest of guest-image.sh cannot show: #cloud-config, systemd, ssh, a root disk that grows. Two
# minutes to build; under plain emulation it is up within a minute, given 2 vCPUs and 768 MiB.
#
# The result is kept in VSCALE_CACHE (default /var/cache/vscale-tests), so that the second call only copies it. Needs root
# (for the owners of files) and the packages of the `image` row in tests/support/packages.txt.
set -euo pipefail
# shellcheck disable=SC1091 # found beside this script
source "$(dirname "$(realpath "$0")")/image-build.sh"
[ "$(id -u)" -eq 0 ] || fail "needs root: the files in the image belong to several users"
need mmdebstrap=mmdebstrap mke2fs=e2fsprogs mcopy=mtools mkfs.fat=dosfstools syslinux=syslinux sfdisk=fdisk \
  qemu-img=qemu-utils

readonly packages=systemd-sysv,udev,dbus,linux-image-cloud-amd64,cloud-init,cloud-guest-utils,netplan.io,iproute2,qemu-guest-agent,openssh-server
readonly root_size=2G # sparse; cloud-init grows it to the disk that it finds itself on

# The Debian archive as this machine is told to reach it, one line for each suite and component.
debian_sources() {
  # shellcheck disable=SC2016 # $(…) is apt's own here
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Identifier: Packages' 'Origin: Debian' | grep -E ' bookworm(-security|-updates)? ' | sort -u
}

# What matters of a boot: only the drivers of a virtual machine in the initrd, only NoCloud asked for a seed, and no
# timer that would set to work just when a test looks.
write_settings() {
  local root=$1 unit
  mkdir -p "$root"/etc/{initramfs-tools/conf.d,cloud/cloud.cfg.d,systemd/system} "$root/usr/share/initramfs-tools/modules.d"
  echo MODULES=list > "$root/etc/initramfs-tools/conf.d/virtual-machine"
  printf '%s\n' virtio_pci virtio_blk virtio_scsi sd_mod sr_mod ext4 > "$root/usr/share/initramfs-tools/modules.d/virtual-machine"
  echo 'datasource_list: [ NoCloud, None ]' > "$root/etc/cloud/cloud.cfg.d/90_datasource.cfg"
  # As in Debian's own cloud images, so that `hostname -f` knows the domain; no package `locales`; RSA keys take long.
  printf 'manage_etc_hosts: true\nlocale: false\nssh_genkeytypes: [ed25519]\n' > "$root/etc/cloud/cloud.cfg.d/91_host.cfg"
  for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer; do
    ln -s /dev/null "$root/etc/systemd/system/$unit"
  done
}

build() {
  local out=$1
  debian_sources > sources.list || true
  if [ ! -s sources.list ]; then
    apt-get -qq update
    debian_sources > sources.list || fail "apt on this machine knows no Debian 12 (bookworm) archive"
  fi
  apt-config dump | grep -E '^Acquire::(http|https|Retries|Check)' > apt.conf || true
  write_settings settings
  # shellcheck disable=SC2016 # $1 is mmdebstrap's
  mmdebstrap --quiet --variant=apt --include="$packages" --aptopt="$PWD/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --setup-hook='cp -r settings/. "$1"' \
    --customize-hook='rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/ssh/ssh_host_*' \
    bookworm root sources.list
  echo 'LABEL=root / ext4 defaults 0 1' > root/etc/fstab
  : > root/etc/machine-id # every guest makes its own
  mke2fs -q -F -t ext4 -L root -d root root.img "$root_size" >/dev/null
  boot_disk "$out" root/boot/vmlinuz-* root/boot/initrd.img-* "root=LABEL=root ro console=ttyS0 quiet" root.img
}

cached_image debian "${1:-}"
