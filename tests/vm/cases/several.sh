# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Several devices of one domain, each of another parent.

two_devices() {
  domain two 'Dual port serial@mtty' 'Dual port serial@mttz'
  start two
  guest_says two 'PCI 4348:3253 .* UART=5a' 2
  guest_says two 'COUNT=02'
  is mtty-2 "$(type_of "$(device two 1)")" "the type of the first device"
  is mttz-2 "$(type_of "$(device two 2)")" "the type of the second device"
}

three_devices() {
  domain three 'Single port serial@mtty' mdpy-hd mbochs-small
  start three
  guest_says three 'PCI 4348:3253 .* UART=5a'
  guest_says three 'PCI 1b36:000f'
  guest_says three 'PCI 1234:1111'
  guest_says three 'COUNT=03'
}

Two_devices_of_two_parents_reach_a_guest_on_i440fx() {
  MACHINE=pc two_devices
}

Two_devices_of_two_parents_reach_a_guest_on_q35() {
  MACHINE=q35 two_devices
}

Three_devices_of_three_drivers_reach_a_guest_on_i440fx() {
  MACHINE=pc three_devices
}

Three_devices_of_three_drivers_reach_a_guest_on_q35() {
  MACHINE=q35 three_devices
}
