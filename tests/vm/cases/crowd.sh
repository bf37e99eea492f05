# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Many domains at once on few instances.

Ten_domains_at_once_share_two_parents_breadth_first() {
  crowd 10 "placement='breadth-first'" 'Dual port serial'
  started 10
  is '5 5' "$(devices_on mtty) $(devices_on mttz)" 'the devices on mtty and on mttz'
}

Ten_domains_at_once_fill_one_parent_depth_first() {
  crowd 10 "placement='depth-first'" 'Dual port serial'
  started 10
  is '0 10' "$(printf '%s\n' "$(devices_on mtty)" "$(devices_on mttz)" | sort -n | paste -sd ' ')" 'the devices on mtty and on mttz, in some order'
}

Of_six_domains_at_once_as_many_start_as_the_pool_holds() {
  # Of 24 ports 20 are somebody else's.
  fill mtty mtty-2 10
  crowd 6 '' 'Dual port serial@mtty'
  started 2
  # A device that comes into being while the host is read for another domain's plan counts for nothing there, and the kernel refuses that
  # one: it happens at most once for each device.
  local none="cannot be had: no parent fits: 'mtty': no instance"
  is 4 "$(grep -lE "$none (is left|left \(ENOSPC\))" "$place"/start-* | wc -l)" 'the starts refused for want of an instance'
  [ "$(grep -l "$none is left" "$place"/start-* | wc -l)" -ge 2 ] || fail 'plans were made without a look at other plans'
  is 12 "$(devices_on mtty)" 'the devices on mtty'
  end_domains
  empty mtty
}

# crowd NUMBER RULES TYPE: starts so many domains at once.
crowd() {
  local number pids=()
  # Ten QEMUs at once on an emulated CPU are slower than any host on which five seconds are long.
  echo 'start_deadline = 50' >/etc/libvirt/mdev-hook.conf
  for number in $(seq "$1"); do RULES=$2 domain_xml "crowd-$number" "$3" >"$place/crowd-$number.xml"; done
  # shellcheck disable=SC2046 # a list of numbers
  virsh "$(printf "define $place/crowd-%s.xml;" $(seq "$1"))"
  for number in $(seq "$1"); do
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
