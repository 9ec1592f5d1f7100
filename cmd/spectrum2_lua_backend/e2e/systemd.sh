#!/bin/bash
# Runs systemd 262 as process 1 of its own namespaces, until systemd_steps.sh has ended:
# systemd.sh ROOT FOLDER. ROOT stays as it is. FOLDER is /e2e inside; its folder `add` is
# copied over the root.
set -euo pipefail
root=$1 folder=$2 new=$2/over/root

mount -t tmpfs tmpfs "$folder/over"
mkdir "$folder"/over/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/over/upper,workdir=$folder/over/work" "$new"
mount -t proc proc "$new/proc"
mount -t sysfs -o ro sysfs "$new/sys"
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
mount -t tmpfs tmpfs "$new/run"
mount -t tmpfs tmpfs "$new/tmp"
ip link set lo up
# systemd moves these folders, which overlayfs refuses for those of the lower layer.
rm -rf "$new"/var/{lib,log}/{,private/}spectrum2
cp -r "$folder/add/." "$new/"
mkdir -p "$new/e2e"
mount --bind "$folder" "$new/e2e"
# A process in a chroot cannot make a user namespace, which PrivateUsers= needs.
mount --make-rprivate /
cd "$new"
pivot_root . .
umount -l .
exec env -i container=e2e PATH=/usr/sbin:/usr/bin \
  /lib/systemd/systemd --system --unit=e2e.target --log-target=console --show-status=no
