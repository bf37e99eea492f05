# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Many domains at once on few instances.

Ten_domains_at_once_share_two_parents_breadth_first() {
  crowd "placement='breadth-first'" 'Dual port serial'
  started 10
  is '5 5' "$(devices_on mtty) $(devices_on mttz)" 'the devices on mtty and on mttz'
}

Ten_domains_at_once_fill_one_parent_depth_first() {
  crowd "placement='depth-first'" 'Dual port serial'
  started 10
  is '0 10' "$(printf '%s\n' "$(devices_on mtty)" "$(devices_on mttz)" | sort -n | paste -sd ' ')" 'the devices on mtty and on mttz, in some order'
}

Of_ten_domains_at_once_as_many_start_as_the_pool_holds() {
  # Of 24 ports 16 are somebody else's.
  fill mtty mtty-2 8
  crowd '' 'Dual port serial@mtty'
  started 4
  is 6 "$(grep -l "cannot be had: no parent fits: 'mtty': no instance is left" "$place"/start-* | wc -l)" 'the starts refused for want of an instance'
  is 12 "$(devices_on mtty)" 'the devices on mtty'
  end_domains
  empty mtty
}

# crowd RULES TYPE: starts ten domains at once.
crowd() {
  local number pids=()
  # Ten QEMUs at once on two emulated CPUs are slower than any host on which five seconds are long.
  echo 'start_deadline = 50' >/etc/libvirt/mdev-hook.conf
  for number in $(seq 10); do RULES=$1 domain_xml "crowd-$number" "$2" >"$place/crowd-$number.xml"; done
  virsh "$(printf "define $place/crowd-%s.xml;" $(seq 10))"
  for number in $(seq 10); do
    virsh start --paused "crowd-$number" >"$place/start-$number" 2>&1 &
    pids+=($!)
  done
  for number in "${pids[@]}"; do wait "$number" || :; done
}

# started NUMBER: so many run, each with the device that its record says.
started() {
  is "$1" "$(domains | wc -l)" 'the domains that run' || { cat "$place"/start-* && return 1; }
  local domain
  for domain in $(domains); do exists "$(device "$domain")"; done
  is "$1" "$(find "$state/domains" -name "*.xml" | wc -l)" 'the records'
}

devices_on() {
  find -L "/sys/class/mdev_bus/$1" -maxdepth 1 -name '*-*-*-*-*' | wc -l
}
