# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Devices of guests that run: virt-mdev attach and detach.

A_device_is_attached_to_a_running_guest_and_detached_again() {
  plugging
  local before
  before=$(virsh dumpxml plugged | grep -v '<seclabel')
  attach 'Dual port serial' --parent mttz
  guest_says plugged PLUG
  is mttz-2 "$(type_of "$attached")" "the new device's type"
  says "$(virsh dumpxml plugged)" "<mdev:hostdev uuid=\"$attached\"" "<address uuid='$attached'/>"
  says "$(virt-mdev list)" "$attached" "held by process 'qemu-system-x86'"
  virt-mdev detach plugged "$attached"
  guest_says plugged EJECT
  gone "$attached"
  exists "$(device plugged)"
  is "$before" "$(virsh dumpxml plugged | grep -v '<seclabel')" "the domain's XML"
}

A_paused_guest_keeps_its_device_until_it_runs_and_lets_go() {
  plugging
  attach 'Single port serial'
  guest_says plugged PLUG
  virsh suspend plugged
  if virt-mdev detach plugged "$attached" --wait 10 2>"$place/refusal"; then fail 'a paused guest was believed to have let go'; fi
  says "$(cat "$place/refusal")" "the guest has not let go of the device '$attached' in time" 'waiting for'
  exists "$attached"
  virsh resume plugged
  virt-mdev detach plugged "$attached"
  gone "$attached"
}

An_attached_device_goes_with_the_end_of_its_domain() {
  plugging
  attach 'Single port serial' --parent mttz
  kill -KILL "$(qemu_of plugged)"
  eventually 20 is_off plugged
  nothing_is_left
}

A_device_that_is_attached_for_good_is_there_at_the_next_start() {
  plugging
  attach 'Dual port serial' --parent mttz --persistent
  destroy plugged
  nothing_is_left
  : >"$(console plugged)"
  start plugged
  guest_says plugged 'COUNT=02'
  is mttz-2 "$(type_of "$attached")" "the second device's type"
  virt-mdev detach plugged "$attached" --persistent
  gone "$attached"
  virsh dumpxml --inactive plugged | grep "$attached" && fail 'it is still defined'
  destroy plugged
}

What_cannot_be_attached_leaves_everything_as_it_was() {
  plugging
  local before
  before=$(virsh dumpxml plugged)
  fill mdpy mdpy-vga 4
  if virt-mdev attach plugged --type mdpy-hd 2>"$place/refusal"; then fail 'there was to be no instance'; fi
  says "$(cat "$place/refusal")" "'mdpy': no instance is left"
  empty mdpy
  is "$before" "$(virsh dumpxml plugged)" "the domain's XML"

  # Of this machine's buses no one takes a device while it runs.
  MACHINE=q35 DISK_BUS=sata domain rigid 'Single port serial'
  start rigid
  before=$(virsh dumpxml rigid)
  local number
  for number in 1 2 3 4; do virt-mdev attach rigid --type 'Single port serial' 2>"$place/refusal" || break; done
  says "$(cat "$place/refusal")" 'No more available PCI slots'
  # The first domain has one device, and this one the one that it was started with.
  is "$((number + 1))" "$(find "$mdevs" -mindepth 1 | wc -l)" 'the devices'
}

plugging() {
  domain plugged 'Single port serial@mtty'
  start plugged
  guest_says plugged 'COUNT=01'
}

# attach TYPE OPTION...: 'attached' is the new device.
attach() {
  local type=$1
  shift
  attached=$(uuid "attached by $scenario")
  virt-mdev attach plugged --type "$type" --uuid "$attached" "$@"
  exists "$attached"
}
