# shellcheck shell=bash disable=SC2154 # steps.sh sets what is used here
# What install.sh installs, under Debian's AppArmor profiles.

A_domain_runs_with_libvirtd_and_QEMU_confined() {
  sed -i '/^security_driver/d' /etc/libvirt/qemu.conf
  systemctl restart libvirtd
  is 'libvirtd (enforce)' "$(cat "/proc/$(pidof libvirtd)/attr/current")" "libvirtd's profile"
  domain confined 'Dual port serial'
  start confined
  is "libvirt-$(uuid confined) (enforce)" "$(cat "/proc/$(qemu_of confined)/attr/current")" "QEMU's profile"
  guest_says confined 'UART=5a'
}

An_upgrade_leaves_running_guests_alone() {
  domain upgraded 'Dual port serial'
  start upgraded
  guest_says upgraded 'COUNT=01'
  /tests/install.sh --prebuilt /tests/artifacts/publish
  systemctl restart libvirtd
  domain_is upgraded running
  virsh reboot upgraded
  guest_says upgraded 'UART=5a' 2
}

Nothing_is_uninstalled_under_a_running_guest_and_everything_after_it() {
  domain kept 'Dual port serial'
  start kept
  if /tests/install.sh --uninstall 2>"$place/refusal"; then fail 'it was uninstalled under a running guest'; fi
  says "$(cat "$place/refusal")" 'devices are on record' "$(uuid kept)"
  destroy kept
  /tests/install.sh --uninstall
  refused kept
  says "$sentence" "mediated device '$(device kept)' not found"
  is_empty find /usr/sbin /usr/bin /usr/share /etc /var/cache /run \
    -name '*mdev-hook*' -o -name virt-mdev -o -name libvirt-mdev -o -name 50-mdev
  /tests/install.sh --prebuilt /tests/artifacts/publish
  start kept
}

A_hook_where_AppArmor_forbids_it_keeps_every_domain_from_starting() {
  # Why install.sh refuses such a place: not even a domain without a declaration starts.
  sed 's/<metadata>.*<\/metadata>//' >"$place/bystander.xml" < <(domain_xml bystander)
  virsh define "$place/bystander.xml"
  cp /usr/sbin/libvirt-mdev-hook /opt
  ln -sf /opt/libvirt-mdev-hook /etc/libvirt/hooks/qemu.d/40-elsewhere
  refused bystander
  says "$sentence" '/etc/libvirt/hooks/qemu.d/40-elsewhere bystander prepare begin -' 'unexpected exit status 126'
  rm /etc/libvirt/hooks/qemu.d/40-elsewhere
  start bystander
}

Where_AppArmor_forbids_the_hook_it_is_installed_only_with_a_rule() {
  domain elsewhere 'Dual port serial'
  export PREFIX=/opt/mdev
  if /tests/install.sh --prebuilt /tests/artifacts/publish 2>"$place/refusal"; then fail 'it was installed where no domain would start'; fi
  says "$(cat "$place/refusal")" "AppArmor does not let libvirtd execute '/opt/mdev/sbin/libvirt-mdev-hook'" 'apparmor_parser -r'
  [ ! -e /opt/mdev ] || fail 'something was installed'
  is /usr/sbin/libvirt-mdev-hook "$(readlink /etc/libvirt/hooks/qemu.d/50-mdev)" 'what libvirtd calls'
  # What the refusal says.
  sed -n "s/.* add the line '\([^']*\)'.*/\1/p" "$place/refusal" >>/etc/apparmor.d/local/usr.sbin.libvirtd
  apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd
  /tests/install.sh --prebuilt /tests/artifacts/publish
  is /opt/mdev/sbin/libvirt-mdev-hook "$(readlink /etc/libvirt/hooks/qemu.d/50-mdev)" 'what libvirtd calls'
  start elsewhere
  guest_says elsewhere 'UART=5a'
  destroy elsewhere
  nothing_is_left
  /tests/install.sh --uninstall
}
