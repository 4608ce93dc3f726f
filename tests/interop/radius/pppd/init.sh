#!/bin/bash
# The first process inside User Mode Linux, on the machine's own files, read-only; $nasrun alone can be written.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin RUN=$nasrun
mount -t proc proc /proc; mount -t sysfs sys /sys; mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; mount -t tmpfs run /run; mkdir /run/netns
mount -t hostfs none "$RUN" -o "$RUN"
mkdir -p /run/modules/lib; ln -s /usr/lib/uml/modules /run/modules/lib/modules
for module in ppp_generic ppp_async ppp_mppe arc4 veth; do modprobe -d /run/modules "$module" || echo "no module $module"; done >"$RUN/modules.log" 2>&1
[ -e /dev/ppp ] || mknod /dev/ppp c 108 0
hostname nas; ip link set lo up; ip addr add 10.99.0.2/30 dev eth0; ip link set eth0 up
printf '10.99.0.2 nas\n' >/run/hosts; mount --bind /run/hosts /etc/hosts
ip netns add sub; ip netns exec sub ip link set lo up
while read -r kind who password hold; do bash "$RUN/session.sh" "$kind" "$who" "$password" "$hold" </dev/null; done <"$RUN/sessions" >"$RUN/sessions.log" 2>&1
sync; poweroff -f
