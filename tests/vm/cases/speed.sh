# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Side by side with mdevctl, which does less: no types by name, no choice, no record.

A_prepare_of_two_devices_takes_no_longer_than_three_times_two_starts_of_mdevctl() {
  local ours=() theirs=()
  domain_xml racer 'Dual port serial@mtty' 'Dual port serial@mttz' >"$place/racer.xml"
  for _ in 1 2 3 4 5 6 7; do
    theirs+=("$(milliseconds start_by_mdevctl)")
    mdevctl stop --uuid "$(device racer 1)"
    mdevctl stop --uuid "$(device racer 2)"
    ours+=("$(milliseconds hook prepare)")
    is 'mtty-2 mttz-2' "$(type_of "$(device racer 1)") $(type_of "$(device racer 2)")" 'the devices of our prepare'
    hook release
    eventually 20 is_empty left
  done
  note "two devices, medians of 7: prepare $(median "${ours[@]}") ms, mdevctl start twice $(median "${theirs[@]}") ms," \
    "ratio $(awk "BEGIN { printf \"%.2f\", $(median "${ours[@]}") / $(median "${theirs[@]}") }")"
  [ "$(median "${ours[@]}")" -le $((3 * $(median "${theirs[@]}"))) ]
}

start_by_mdevctl() {
  mdevctl start --uuid "$(device racer 1)" --parent mtty --type mtty-2
  mdevctl start --uuid "$(device racer 2)" --parent mttz --type mttz-2
}

# As libvirtd calls it.
hook() {
  /etc/libvirt/hooks/qemu.d/50-mdev racer "$1" begin - <"$place/racer.xml"
}

milliseconds() {
  local begin
  begin=$(date +%s%N)
  "$@"
  echo $((($(date +%s%N) - begin) / 1000000))
}

median() {
  printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}
