# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# Starts that fail, before and after our prepare, leave nothing.

A_start_that_fails_for_a_missing_disk_leaves_nothing() {
  DEVICES="<disk type='file' device='disk'><source file='/nonexistent.img'/><target dev='sdb' bus='sata'/></disk>" \
    domain diskless 'Dual port serial'
  refused diskless
  says "$sentence" /nonexistent.img
  log_says "created '$(device diskless)'"
  nothing_is_left
}

A_start_that_QEMU_refuses_leaves_nothing() {
  ARGUMENTS="<qemu:arg value='-no-such-option'/>" domain odd 'Dual port serial'
  refused odd
  says "$sentence" no-such-option
  log_says "created '$(device odd)'"
  nothing_is_left
}

A_type_that_is_nowhere_is_refused_in_one_sentence_that_virsh_shows() {
  domain misspelt 'Duel port serial'
  refused misspelt
  says "$sentence" "unexpected exit status 1: libvirt-mdev-hook: domain 'misspelt': the device '$(device misspelt)' of type 'Duel port serial' cannot be had: " \
    "'mbochs', 'mdpy', 'mtty', 'mttz' have no such type; did you mean 'Dual port serial'?"
  is 1 "$(grep -o libvirt-mdev-hook: <<<"$sentence" | wc -l)" "the number of our sentences"
  is_empty ls "$mdevs"
}

A_device_that_cannot_be_had_keeps_the_others_from_being_made() {
  domain half mbochs-small 'Dual port serial@nowhere'
  refused half
  says "$sentence" "'nowhere'"
  log_says created && fail 'something was created'
  nothing_is_left
}

An_instance_that_is_gone_when_it_is_created_is_said_to_be_gone() {
  # The kernel says that there is none left, while its file, by another one mounted over it, still promises some: as if somebody had been
  # quicker. What was created before is taken down again.
  fill mtty mtty-1 24
  promise mtty mtty-2 5
  domain late-mtty mbochs-small 'Dual port serial@mtty'
  refused late-mtty
  says "$sentence" "'$(device late-mtty 2)' of type 'Dual port serial' cannot be had" "'mtty': no instance left (ENOSPC)"
  log_says "created '$(device late-mtty 1)'"
  gone "$(device late-mtty 1)"
  umount "$promised"
  empty mtty
}

An_instance_that_the_core_of_the_kernel_refuses_is_said_to_be_gone() {
  fill mdpy mdpy-vga 4
  promise mdpy mdpy-xga 5
  domain late-mdpy mdpy-xga
  refused late-mdpy
  says "$sentence" "'mdpy': no instance left (EUSERS)"
  umount "$promised"
  empty mdpy
}

A_full_pool_is_told_before_anything_is_created() {
  fill mdpy mdpy-vga 4
  domain fifth mdpy-hd
  refused fifth
  says "$sentence" "'mdpy': no instance is left"
  log_says created && fail "something was created"
  empty mdpy
}
