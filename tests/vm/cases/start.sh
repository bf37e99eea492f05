# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Domains find their types and run, their guests drive the devices; however a domain ends, nothing is left.

A_domain_starts_by_the_friendly_name_of_its_type_on_any_parent() {
  domain plain 'Dual port serial'
  start plain
  says ' mtty-2 mttz-2 ' " $(type_of "$(device plain)") "
  guest_says plain 'PCI 4348:3253 .* UART=5a'
  guest_says plain 'COUNT=01'
  log_says "brought online" && fail "devices of the kernel's own interface have nothing to be brought online by"
  log_says "created '$(device plain)' ('Dual port serial' on "
  destroy plain
}

A_domain_starts_by_a_type_id_though_its_name_is_on_two_parents() {
  domain by-id mttz-1
  start by-id
  is mttz-1 "$(type_of "$(device by-id)")" "the device's type"
  guest_says by-id 'UART=5a'
}

Parents_are_pinned_by_their_names_in_sysfs_and_by_those_of_node_devices() {
  says "$(virsh nodedev-list --cap mdev_types)" mtty_mtty
  domain by-sysfs 'Dual port serial@mttz'
  domain by-nodedev 'Dual port serial@mtty_mtty'
  start by-sysfs
  start by-nodedev
  is mttz "$(parent_of "$(device by-sysfs)")" "the parent by its name in sysfs"
  is mtty "$(parent_of "$(device by-nodedev)")" "the parent by its name as a node device"
}

A_guest_that_powers_itself_off_leaves_nothing() {
  domain leaver 'Single port serial'
  start leaver
  guest_says leaver 'COUNT=01'
  virsh shutdown leaver
  guest_says leaver OFF
  eventually 20 is_off leaver
  nothing_is_left
}

A_QEMU_that_is_killed_leaves_nothing() {
  domain victim 'Single port serial'
  start victim
  kill -KILL "$(qemu_of victim)"
  eventually 20 is_off victim
  nothing_is_left
}

A_guest_that_reboots_keeps_its_device() {
  domain rebooter 'Single port serial'
  start rebooter
  guest_says rebooter 'COUNT=01'
  local before
  before=$(inode "$(device rebooter)")
  virsh reboot rebooter
  guest_says rebooter 'UART=5a' 2
  is "$before" "$(inode "$(device rebooter)")" "the inode of its device"
  destroy rebooter
  nothing_is_left
}
