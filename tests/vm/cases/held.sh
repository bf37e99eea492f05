# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Devices that somebody else has open when their domain ends: libvirtd never waits for them.

A_device_that_is_held_at_release_goes_when_it_is_let_go() {
  domain holding 'Dual port serial@mtty'
  start holding
  # Between the end of QEMU and our release.
  at_stopped "exec 9<>$(node_of "$(device holding)"); touch $place/holds; exec sleep 1000"
  quicker_than 10000 destroy holding
  release_was_quick
  quicker_than 5000 virsh list --all
  domain_is holding 'shut off'
  eventually 20 log_says "cannot be taken down yet: process 'sleep' (pid $(holder)) holds it"
  says "$(virt-mdev list)" "$(device holding)" "held by process 'sleep' (pid $(holder))"
  # The worker lives on without the libvirtd that called for it.
  systemctl restart libvirtd
  exists "$(device holding)"
  kill "$(holder)"
  nothing_is_left
}

A_worker_that_is_stuck_in_the_kernel_keeps_nobody_waiting() {
  # Whoever opens the device, takes its node away and is not to be seen in /proc makes the kernel wait in the midst of the removal, in a
  # state that not even SIGKILL ends, and with the device gone from sysfs.
  local stuck worker
  domain stuck 'Dual port serial@mtty'
  start stuck
  stuck=$(device stuck)
  at_stopped "exec hold $(node_of "$stuck") $stuck $place/holds"
  quicker_than 10000 destroy stuck
  release_was_quick
  quicker_than 5000 virsh list --all
  eventually 20 gone "$stuck"
  worker=$(pidof virt-mdev)
  kill -KILL "$worker"
  eventually 20 is_uninterruptible "$worker"
  says "$(virt-mdev list)" "$stuck" "being removed"

  # The uuid is not to be had again, another instance is.
  echo 'prepare_deadline = 4' >/etc/libvirt/mdev-hook.conf
  refused stuck
  says "$sentence" "'$stuck'" "is still being removed" "'virt-mdev list' and the hook's log say more"
  rm /etc/libvirt/mdev-hook.conf
  # Where a node is missing, libvirt takes back none of the labels that it gave.
  rm "$(console stuck)"
  DEVICE=$(device stuck another) domain stuck 'Dual port serial@mtty'
  start stuck
  guest_says stuck 'UART=5a'
  destroy stuck

  kill "$(holder)"
  eventually 20 has_ended "$worker"
  # What its worker did not live to see is seen to by the next start of any domain.
  domain next 'Single port serial'
  start next
  destroy next
}

# at_stopped COMMAND: another hook starts a process that holds the device, and then makes the file 'holds', before ours is called for
# the release; 'holder' is its pid.
at_stopped() {
  cat >"$place/10-holder" <<HOOK
#!/bin/sh
[ "\$2" != release ] || date +%s%N >$place/release-begins
[ "\$2" = stopped ] && [ ! -e $place/holder ] || exit 0
setsid bash -c "$1" </dev/null >/dev/null 2>&1 &
echo \$! >$place/holder
for _ in \$(seq 100); do [ ! -e $place/holds ] || exit 0; sleep 0.1; done
HOOK
  # libvirt calls them in the order of their names, ours as 50-mdev.
  cat >"$place/90-after" <<HOOK
#!/bin/sh
[ "\$2" != release ] || date +%s%N >$place/release-ended
HOOK
  chmod +x "$place/10-holder" "$place/90-after"
  mv "$place/10-holder" "$place/90-after" /etc/libvirt/hooks/qemu.d
}

# Ours, between the two: what takes 0.2 s here when nothing is held.
release_was_quick() {
  [ -e "$place/holds" ] || fail "nobody holds the device"
  local took=$((($(cat "$place/release-ended") - $(cat "$place/release-begins")) / 1000000))
  [ "$took" -lt 2000 ] || fail "our release took $took ms"
}

holder() {
  cat "$place/holder"
}

# State D, in which a process cannot be ended.
is_uninterruptible() {
  grep -q '^State:.D' /proc/"$1"/task/*/status
}

has_ended() {
  [ ! -e "/proc/$1" ]
}
