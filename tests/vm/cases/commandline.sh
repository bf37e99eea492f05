# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# The old form, in which libvirt knows nothing of the device, and what README says that it needs.

A_device_of_qemu_commandline_is_given_to_QEMUs_user_and_driven_by_its_guest() {
  allow_old_form
  FORM=commandline domain old-form 'Dual port serial@mtty' 'Dual port serial@mttz'
  start old-form
  is libvirt-qemu "$(stat -c %U "/proc/$(qemu_of old-form)")" "QEMU's user"
  is libvirt-qemu "$(stat -c %U "$(node_of "$(device old-form 1)")")" "the first node's owner"
  is libvirt-qemu "$(stat -c %U "$(node_of "$(device old-form 2)")")" "the second node's owner"
  guest_says old-form 'PCI 4348:3253 .* UART=5a' 2
}

The_example_of_qemu_commandline_runs_as_it_is_shipped() {
  # But for what this host lacks: the type, and the memory.
  allow_old_form
  sed 's/GRID M60-4Q/Single port serial/; s/unit=.GiB.>4</unit="MiB">32</' /tests/examples/qemu-commandline.xml >"$place/example.xml"
  virsh define --validate "$place/example.xml"
  start qemu-commandline
  domain_is qemu-commandline running
  is mtty "$(basename "$(parent_of "$(sed -n 's/.*uuid="\([^"]*\)".*/\1/p' "$place/example.xml")")")" "the device's parent"
}

allow_old_form() {
  {
    echo 'namespaces = []'
    echo 'cgroup_device_acl = ['
    printf '  "%s",\n' /dev/null /dev/full /dev/zero /dev/random /dev/urandom /dev/ptmx /dev/kvm /dev/vfio/vfio $(seq -f /dev/vfio/%g 0 63)
    echo ']'
  } >>/etc/libvirt/qemu.conf
  systemctl restart libvirtd
}

A_foreign_device_of_qemu_commandline_gets_its_owner_back() {
  local foreign node
  foreign=$(device borrowed)
  mdevctl start --uuid "$foreign" --parent mtty --type mtty-1
  node=$(node_of "$foreign")
  # QEMU fails without 'namespaces = []': its own /dev has no such node.
  FORM=commandline domain borrowed mtty-1
  refused borrowed
  says "$sentence" "$node"
  log_says "gave '$node' of '$foreign'"
  eventually 20 is_empty find "$state" -name '*.xml'
  is root "$(stat -c %U "$node")" "the node's owner"
  mdevctl stop --uuid "$foreign"
}
