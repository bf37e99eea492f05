# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Devices that are not ours, and devices that two domains want.

The_loser_of_a_shared_uuid_does_not_take_the_winners_device_with_it() {
  domain winner 'Single port serial'
  DEVICE=$(device winner) domain loser 'Single port serial'
  start winner
  guest_says winner 'COUNT=01'
  local before
  before=$(inode "$(device winner)")
  refused loser
  says "$sentence" "domain 'loser': the device '$(device winner)'" "it belongs to the domain 'winner'"
  domain_is winner running
  virsh reboot winner
  guest_says winner 'UART=5a' 2
  # Last, for a worker of the loser's release would take its time.
  is "$before" "$(inode "$(device winner)")" "the inode of the winner's device"
}

A_device_that_mdevctl_made_is_used_and_left() {
  local foreign before
  foreign=$(device guest-of-others)
  mdevctl start --uuid "$foreign" --parent mtty --type mtty-2
  before=$(inode "$foreign")
  domain guest-of-others 'Dual port serial'
  start guest-of-others
  guest_says guest-of-others 'UART=5a'
  says "$(virt-mdev list | grep "$foreign")" guest-of-others foreign
  destroy guest-of-others
  eventually 20 is_empty find "$state" -name '*.xml'
  is "$before" "$(inode "$foreign")" "the inode of the foreign device"
  mdevctl stop --uuid "$foreign"
}

A_foreign_device_of_another_type_is_refused_and_left() {
  local foreign
  foreign=$(device unlucky)
  mdevctl start --uuid "$foreign" --parent mtty --type mtty-1
  domain unlucky 'Dual port serial'
  refused unlucky
  says "$sentence" "it exists already as 'mtty-1' on 'mtty', was not made by this hook, and cannot be used"
  exists "$foreign"
  mdevctl stop --uuid "$foreign"
}

Release_takes_what_it_made_and_not_what_was_plugged_in_and_out() {
  # The XML of release has what was hot-attached, and lacks what was hot-detached: only the record is right.
  local foreign
  foreign=$(device somebody-elses)
  mdevctl start --uuid "$foreign" --parent mttz --type mttz-1
  domain plugger 'Single port serial@mtty'
  start plugger
  guest_says plugger 'COUNT=01'
  hostdev "$foreign" >"$place/foreign.xml"
  hostdev "$(device plugger)" >"$place/own.xml"
  virsh attach-device plugger "$place/foreign.xml" --live
  virsh detach-device plugger "$place/own.xml" --live
  guest_says plugger EJECT
  eventually 20 is_not_in_xml plugger "$(device plugger)"
  destroy plugger
  eventually 20 gone "$(device plugger)"
  eventually 20 is_empty find "$state" -name '*.xml'
  exists "$foreign"
  mdevctl stop --uuid "$foreign"
}

is_not_in_xml() {
  local xml
  xml=$(virsh dumpxml "$1") && [[ $xml != *"address uuid='$2'"* ]]
}

A_device_that_somebody_removes_under_its_guest_is_no_obstacle_to_the_next_start() {
  # mdevctl then hangs until the guest ends: the kernel waits for QEMU.
  domain robbed 'Single port serial@mtty'
  start robbed
  guest_says robbed 'COUNT=01'
  mdevctl stop --uuid "$(device robbed)" &
  eventually 20 gone "$(device robbed)"
  domain_is robbed running
  quicker_than 10000 destroy robbed
  wait $!
  nothing_is_left
  start robbed
  guest_says robbed 'COUNT=01'
}
