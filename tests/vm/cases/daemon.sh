# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# libvirtd comes and goes, and so do our programs; guests and their devices stay.

A_guest_keeps_its_device_when_libvirtd_is_restarted() {
  outlives systemctl restart libvirtd
}

A_guest_keeps_its_device_when_libvirtd_is_killed() {
  outlives kill_libvirtd
}

A_guest_lives_on_when_the_hook_is_deleted_and_libvirtd_restarted() {
  # A link to nothing is no hook, so libvirtd calls none, not even when the program is back, until it is told to look again: install.sh
  # does. The device of the life before is removed at the next start.
  outlives without_hook
  destroy steady
  exists "$(device steady)"
  rm /usr/sbin/hook-away
  /tests/install.sh --prebuilt /tests/artifacts/publish
  start steady
  log_says 'found a record of an earlier run'
}

A_guest_lives_on_when_the_worker_is_deleted_and_libvirtd_restarted() {
  outlives without_worker
  destroy steady
  refused steady
  says "$sentence" "domain 'steady': '/usr/bin/virt-mdev' cannot be started" 'install libvirt-mdev-hook again'
  mv /usr/bin/worker-away /usr/bin/virt-mdev
  start steady
}

A_guest_that_ends_while_libvirtd_is_down_leaves_nothing() {
  domain orphan 'Dual port serial'
  start orphan
  stop_libvirtd
  kill -KILL "$(qemu_of orphan)"
  exists "$(device orphan)"
  systemctl start libvirtd
  nothing_is_left
  domain_is orphan 'shut off'
}

A_libvirtd_that_is_killed_in_prepare_costs_no_later_start() {
  # Prepare waits for a driver that is loaded only when libvirtd has gone: its devices come up, and nobody calls for a release.
  domain interrupted 'Dual port serial@mttz'
  echo 'wait_for_types = 50' >/etc/libvirt/mdev-hook.conf
  rmmod mttz
  virsh start interrupted &
  # The worker is there when the hook has read all that libvirtd has to say.
  eventually 20 pgrep -x virt-mdev
  kill_libvirtd
  wait $! && fail 'the start was to fail with its libvirtd'
  domain_is interrupted 'shut off'
  modprobe mttz
  eventually 30 exists "$(device interrupted)"
  local before
  before=$(inode "$(device interrupted)")
  start interrupted
  [ "$before" != "$(inode "$(device interrupted)")" ] || fail 'the device of the interrupted start was taken over'
  log_says 'found a record of an earlier run'
  guest_says interrupted 'UART=5a'
}

What_is_killed_between_its_creates_is_seen_to_by_reconcile_and_costs_no_later_start() {
  domain cut 'Dual port serial@mtty' 'Dual port serial@mttz'
  local libvirtd
  libvirtd=$(pidof libvirtd)
  # A pipe without a reader: there the worker stays.
  mkfifo "$place/create"
  mount --bind "$place/create" /sys/class/mdev_bus/mttz/mdev_supported_types/mttz-2/create
  virsh start cut &
  eventually 20 exists "$(device cut 1)"
  pkill -KILL virt-mdev
  kill -KILL "$libvirtd"
  wait $! && fail 'the start was to fail with its worker'
  umount /sys/class/mdev_bus/mttz/mdev_supported_types/mttz-2/create
  eventually 30 is_another_libvirtd "$libvirtd"
  says "$(virt-mdev reconcile)" "orphan: the record of 'cut' ($(uuid cut)), which does not run, with '$(device cut 1)'"
  says "$(virt-mdev reconcile --apply)" 'cleaned up'
  nothing_is_left
  start cut
  guest_says cut 'COUNT=02'
}

A_libvirtd_that_is_just_restarted_is_told_of_the_hook_when_it_serves() {
  domain prompt 'Dual port serial'
  /tests/install.sh --uninstall
  # As at a boot, it starts a network before it serves, and this one takes its time.
  echo "<network><name>slow</name><forward mode='bridge'/><bridge name='br0'/></network>" >"$place/slow.xml"
  virsh "net-define $place/slow.xml; net-autostart slow"
  # shellcheck disable=SC2016 # for the hook to expand
  printf '#!/bin/sh\n[ "$2" != start ] || sleep 15\n' >/etc/libvirt/hooks/network
  chmod 755 /etc/libvirt/hooks/network
  rm /run/libvirt/network/autostarted
  systemctl restart libvirtd
  /tests/install.sh --prebuilt /tests/artifacts/publish
  start prompt
  guest_says prompt 'UART=5a'
  virsh 'net-destroy slow; net-undefine slow'
}

# outlives COMMAND...: a guest with a device runs on, with the same device, whatever the command does to libvirtd.
outlives() {
  domain steady 'Dual port serial'
  start steady
  guest_says steady 'COUNT=01'
  local qemu device
  qemu=$(qemu_of steady) device=$(inode "$(device steady)")
  "$@"
  eventually 30 virsh version
  domain_is steady running
  is "$qemu" "$(qemu_of steady)" "QEMU's pid"
  virsh reboot steady
  guest_says steady 'UART=5a' 2
  is "$device" "$(inode "$(device steady)")" "the inode of its device"
}

# systemd starts it again.
kill_libvirtd() {
  local before
  before=$(pidof libvirtd)
  kill -KILL "$before"
  eventually 30 is_another_libvirtd "$before"
}

is_another_libvirtd() {
  local now
  now=$(pidof libvirtd) && [ "$now" != "$1" ] && virsh version
}

without_hook() {
  mv /usr/sbin/libvirt-mdev-hook /usr/sbin/hook-away
  systemctl restart libvirtd
}

without_worker() {
  mv /usr/bin/virt-mdev /usr/bin/worker-away
  systemctl restart libvirtd
}
