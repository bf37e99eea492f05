# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# The parent's driver goes and comes back between prepare and release: what is there then is not what was made.

A_device_of_the_same_uuid_on_a_reloaded_driver_is_somebody_elses() {
  lose_the_driver
  modprobe mttz
  mdevctl start --uuid "$(device reloaded)" --parent mttz --type mttz-2
  systemctl start libvirtd
  eventually 30 is_empty find "$state" -name '*.xml'
  exists "$(device reloaded)"
  log_says "left alone the device '$(device reloaded)' on 'mttz'"
  mdevctl stop --uuid "$(device reloaded)"
}

A_device_that_went_with_its_driver_is_forgotten() {
  lose_the_driver
  systemctl start libvirtd
  nothing_is_left
  log_says "found removed already '$(device reloaded)'"
  modprobe mttz
  start reloaded
  guest_says reloaded 'UART=5a'
}

# While QEMU runs the kernel refuses to unload the driver; when nobody uses the device any more, it goes with the driver.
lose_the_driver() {
  domain reloaded 'Dual port serial@mttz'
  start reloaded
  rmmod mttz && fail 'the driver of a device that is used was unloaded'
  stop_libvirtd
  kill -KILL "$(qemu_of reloaded)"
  eventually 20 rmmod mttz
  gone "$(device reloaded)"
}
