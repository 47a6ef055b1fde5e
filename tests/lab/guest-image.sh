#!/bin/bash
# Builds the tiny guest: a disk image of some 12 MB that boots to "ready" in seconds under plain emulation.
#
# usage: guest-image.sh OUT.qcow2
#
# A kernel, busybox, dropbear and the QEMU guest agent from Debian packages, and the files in guest/. It takes hostname,
# addresses and root's ssh keys from a NoCloud seed (meta-data, network-config version 2), runs user-data that begins with
# #!, answers the guest agent, serves its hostname over HTTP, has a root shell on the serial console, and powers off when
# ACPI or the agent says so. It does not know #cloud-config; debian-image.sh makes a guest that does.
#
# The result is kept in VSCALE_CACHE (default /var/cache/vscale-tests), so that the second call only copies it. Needs
# the packages of the `image` row in tests/support/packages.txt; no root.
set -euo pipefail
out=${1:+$(realpath -m "$1")}
# shellcheck disable=SC1091 # found beside this script
source "$(dirname "$(realpath "$0")")/image-build.sh"
need cpio=cpio mcopy=mtools mkfs.fat=dosfstools syslinux=syslinux sfdisk=fdisk qemu-img=qemu-utils depmod=kmod

# What a virtual machine of vscale's has: virtio devices on PCI, a seed as a disk or a CD, and a power button.
readonly modules="virtio_pci virtio_blk virtio_scsi sd_mod sr_mod virtio_net virtio_console virtio_balloon virtio_rng
  isofs button evdev"

# copy_program FILE: a program into the guest, with the libraries that it needs: those unpacked here, else this machine's.
copy_program() {
  local library unpacked=$PWD/packages/usr/lib/x86_64-linux-gnu
  cp "$1" guest/bin/
  ! LD_LIBRARY_PATH=$unpacked ldd "$1" | grep 'not found' || fail "libraries of $(basename "$1") are not installed on this machine"
  LD_LIBRARY_PATH=$unpacked ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "guest$(dirname "${library#"$PWD/packages"}")"
    cp -L "$library" "guest${library#"$PWD/packages"}"
  done
}

# The modules, and what they depend on, in an order in which they can be loaded.
copy_modules() {
  local release module
  release=$(basename packages/lib/modules/*)
  depmod -b packages "$release"
  for module in $modules; do
    modprobe -d packages -S "$release" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > order
  while read -r module; do
    cp "$module" guest/lib/modules/
    basename "$module" >> guest/lib/modules/order
  done < order
}

build() {
  local out=$1 kernel applet package
  kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  if [ -z "$kernel" ]; then
    apt-get -qq update
    kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  fi
  download "$kernel" busybox-static qemu-guest-agent dropbear-bin libtomcrypt1 libtommath1
  for package in *.deb; do dpkg-deb -x "$package" packages; done

  mkdir -p guest/{bin,etc/acpi/PWRF,etc/dropbear,proc,sys,dev,run,tmp,root,mnt,lib/modules,usr,var}
  ln -s bin guest/sbin
  ln -s ../bin guest/usr/bin
  ln -s ../bin guest/usr/sbin
  ln -s ../run guest/var/run
  cp packages/bin/busybox guest/bin/
  for applet in $(packages/bin/busybox --list); do
    [ -e "guest/bin/$applet" ] || ln -s busybox "guest/bin/$applet"
  done
  copy_program packages/usr/sbin/qemu-ga
  copy_program packages/usr/sbin/dropbear
  copy_program packages/usr/bin/dropbearkey
  copy_modules
  # shellcheck disable=SC2154 # image_dir comes with image-build.sh
  install -m 755 "$image_dir"/guest/{boot,configure-network,lease} guest/etc/
  rm -f guest/bin/{shutdown,systemctl}
  install -m 755 "$image_dir"/guest/{shutdown,systemctl} guest/bin/
  install -m 644 "$image_dir"/guest/{inittab,passwd,os-release} guest/etc/
  ln -s /bin/poweroff-now guest/etc/acpi/PWRF/00000080 # the power button
  printf '#!/bin/sh\nexec /bin/shutdown -P\n' > guest/bin/poweroff-now
  chmod 755 guest/bin/poweroff-now
  ln -s bin/init guest/init

  find guest -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (cd guest && find . | sort | cpio -o -H newc -R 0:0 --reproducible --quiet | gzip -n -9) > initrd
  boot_disk "$out" packages/boot/vmlinuz-* initrd \
    "console=ttyS0 quiet panic=1 tsc=reliable mitigations=off random.trust_cpu=on"
}

cd "$image_dir"
cached_image guest "$out" guest/*
