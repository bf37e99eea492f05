# shellcheck shell=bash disable=SC2154,SC2034 # 'scenario' is set by whoever reads this, and what is set here is used there
# What is done and looked at in scenarios. A step that does not come out as expected ends the scenario.

place=/run/scenario
hook_log=/var/log/libvirt/mdev-hook.log
mdevs=/sys/bus/mdev/devices
state=/run/libvirt-mdev
export LIBVIRT_DEFAULT_URI=qemu:///system

# --- the frame -----------------------------------------------------------------------------------------------------------------

fail() {
  echo "$*" >&2
  return 1
}

begin() {
  rm -rf "$place"
  mkdir "$place"
  : >"$hook_log"
  began=$(date +%s)
}

# For whoever started the run.
note() {
  echo "$*" >"/vm/notes/$scenario"
}

show_failure() {
  # What is printed in a substitution is taken for the text that is looked at.
  [ "$BASH_SUBSHELL" -eq 0 ] || exit "$1"
  local frame=0
  set +x
  trap - ERR
  trap : TERM
  echo "It failed with status $1 in: $2"
  while caller "$frame"; do frame=$((frame + 1)); done | sed 's|^\([0-9]*\) \([^ ]*\) .*/|  line \1 of \2, |'
  echo "-- the log of the hook:"
  cat "$hook_log"
  echo "-- devices and records:"
  virt-mdev list || :
  find "$state" -type f
  echo "-- libvirtd:"
  journalctl --quiet --no-pager --unit libvirtd --since "@$began" | tail -n 20
  echo "-- kernel:"
  dmesg | tail -n 10
  exit 1
}

domains() {
  virsh list "$@" --name | grep . || :
}

# One virsh for all of them: to start it takes as long as what it does.
end_domains() {
  local domain commands=''
  for domain in $(domains); do commands+="destroy $domain; "; done
  for domain in $(domains --all); do commands+="undefine $domain; "; done
  [ -z "$commands" ] || virsh "$commands"
}

# Whatever happened, the next scenario finds the host as it was.
clean() {
  local status=$?
  set +eE
  trap - ERR TERM
  if [ "$status" -eq 0 ]; then
    restore_host
    return
  fi
  jobs -p | xargs -r kill
  if [ -e "$place/holder" ]; then kill "$(cat "$place/holder")"; fi
  restore_host
  end_domains
  for device in "$mdevs"/*; do echo 1 >"$device/remove"; done
  rm -f "$state"/domains/* "$state"/removing/*
} >/dev/null 2>&1

restore_host() {
  umount /sys/class/mdev_bus/*/mdev_supported_types/*/{create,available_instances}
  cmp -s /etc/libvirt/qemu.conf /etc/libvirt/qemu.conf.tests || {
    cp /etc/libvirt/qemu.conf.tests /etc/libvirt/qemu.conf
    systemctl restart libvirtd
  }
  if [ -s /etc/apparmor.d/local/usr.sbin.libvirtd ]; then
    : >/etc/apparmor.d/local/usr.sbin.libvirtd
    apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd
  fi
  rm -f /etc/libvirt/hooks/network /etc/libvirt/hooks/qemu.d/[0-46-9]*-* /etc/libvirt/mdev-hook.conf
  systemctl reset-failed libvirtd
  systemctl start libvirtd.socket libvirtd
  if [ -e /usr/sbin/hook-away ] || [ -e /usr/bin/worker-away ] ||
    [ "$(readlink /etc/libvirt/hooks/qemu.d/50-mdev)" != /usr/sbin/libvirt-mdev-hook ]; then
    rm -f /usr/sbin/hook-away /usr/bin/worker-away
    PREFIX=/usr /tests/install.sh --prebuilt /tests/artifacts/publish
  fi
  modprobe -a mtty mttz mdpy mbochs
}

# --- what is expected ----------------------------------------------------------------------------------------------------------

# is EXPECTED FOUND WHAT
is() {
  [ "$1" = "$2" ] || fail "$3: expected '$1', found '$2'"
}

# says TEXT PART...: every part is in the text.
says() {
  local text=$1 part
  shift
  for part; do [[ $text == *"$part"* ]] || fail "expected '$part' in: $text" || return; done
}

# eventually SECONDS COMMAND...
eventually() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$until" ]; then
      # Where somebody looks at the outcome, a failure ends nothing by itself.
      fail "not within its time: $*" || return
    fi
    sleep 0.1
  done
}

# quicker_than MILLISECONDS COMMAND...
quicker_than() {
  local limit=$1 begin
  shift
  begin=$(date +%s%N)
  "$@"
  local took=$((($(date +%s%N) - begin) / 1000000))
  [ "$took" -lt "$limit" ] || fail "$* took $took ms, and was to take less than $limit"
}

log_says() {
  grep -qF -- "$1" "$hook_log"
}

exists() {
  [ -e "$mdevs/$1" ]
}

gone() {
  [ ! -e "$mdevs/$1" ]
}

# The inode of a device's folder: another one is another device.
inode() {
  stat -L -c %i "$mdevs/$1"
}

type_of() {
  basename "$(readlink "$mdevs/$1/mdev_type")"
}

parent_of() {
  basename "$(dirname "$(realpath "$mdevs/$1")")"
}

node_of() {
  echo "/dev/vfio/$(basename "$(readlink "$mdevs/$1/iommu_group")")"
}

left() {
  find "$mdevs" -mindepth 1
  find "$state" -name '*.xml'
  find /dev/vfio -type c ! -name vfio
}

is_empty() {
  [ -z "$("$@")" ]
}

# Afterwards nothing is left: no device, no node, no record, on a host on which nothing is foreign.
nothing_is_left() {
  eventually 20 is_empty left || fail "left: $(left | paste -sd ' ')"
}

# fill PARENT TYPE NUMBER: makes foreign devices, which 'empty PARENT' removes.
fill() {
  local number
  for number in $(seq "$3"); do uuid "filler of $1" "$number" >"/sys/class/mdev_bus/$1/mdev_supported_types/$2/create"; done
}

empty() {
  local device
  for device in "/sys/class/mdev_bus/$1/mdev_supported_types/"*/devices/*; do
    if [ -e "$device" ]; then echo 1 >"$device/remove"; fi
  done
}

# promise PARENT TYPE NUMBER: lets a type's available_instances, 'promised', read so many.
promise() {
  promised=/sys/class/mdev_bus/$1/mdev_supported_types/$2/available_instances
  echo "$3" >"$place/promise"
  mount --bind "$place/promise" "$promised"
}

# Also the sockets, which would start it again.
stop_libvirtd() {
  systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service
}

# --- domains -------------------------------------------------------------------------------------------------------------------

# uuid NAME [NUMBER]: of a domain, or of its device with that number.
uuid() {
  uuidgen --sha1 --namespace @oid --name "$1 ${2:-}"
}

# device NAME [NUMBER]: the uuid of a domain's first device, or of another one.
device() {
  uuid "$1" "${2:-1}"
}

# domain NAME TYPE[@PARENT]...: defines a domain that declares a device of each type and has a hostdev for each.
# From the environment: MACHINE (pc), RULES (attributes of the declaration), DEVICES (elements), ARGUMENTS (of QEMU), DEVICE (the uuid of its one
# device), FORM=commandline (handed over by qemu:commandline).
domain() {
  domain_xml "$@" >"$place/$1.xml"
  virsh define --validate "$place/$1.xml"
}

domain_xml() {
  local name=$1 number=0 entry entries='' hostdevs='' arguments=''
  shift
  for entry; do
    number=$((number + 1))
    local id=${DEVICE:-$(device "$name" "$number")} parent=''
    case $entry in *@*) parent="parent='${entry#*@}'" ;; esac
    entries+="<mdev:hostdev uuid='$id' type='${entry%@*}' $parent/>"
    hostdevs+=$(hostdev "$id")
    arguments+="<qemu:arg value='-device'/><qemu:arg value='vfio-pci,sysfsdev=$mdevs/$id,addr=0x1$number'/>"
  done
  if [ "${FORM:-}" = commandline ]; then hostdevs=''; else arguments=''; fi
  cat <<XML
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>$name</name>
  <uuid>$(uuid "$name")</uuid>
  <metadata><mdev:hostdevs xmlns:mdev='urn:libvirt-mdev-hook:1' ${RULES:-}>$entries</mdev:hostdevs></metadata>
  <memory unit='MiB'>32</memory>
  <memtune><hard_limit unit='MiB'>512</hard_limit></memtune>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='${MACHINE:-pc}'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='/var/lib/libvirt/images/guest.img'/><target dev='sda' bus='sata'/><shareable/>
    </disk>
    <serial type='file'><source path='$(console "$name")'/></serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    $hostdevs ${DEVICES:-}
  </devices>
  <qemu:commandline>$arguments ${ARGUMENTS:-}</qemu:commandline>
</domain>
XML
}

hostdev() {
  echo "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='$1'/></source></hostdev>"
}

console() {
  echo "/var/lib/libvirt/images/$1.log"
}

start() {
  virsh start "$1"
}

destroy() {
  virsh destroy "$1"
}

# refused NAME: a start that is to fail; 'sentence' is what virsh says about it.
refused() {
  if sentence=$(virsh start "$1" 2>&1); then fail "'$1' was started, and was to be refused"; fi
}

# What libvirt calls the state of a domain.
domain_is() {
  is "$2" "$(virsh domstate "$1" | head -n 1)" "the state of '$1'"
}

is_off() {
  [ "$(virsh domstate "$1" | head -n 1)" = 'shut off' ]
}

qemu_of() {
  cat "/run/libvirt/qemu/$1.pid"
}

# guest_says NAME TEXT [TIMES]: waits for lines of the guest's own output.
guest_says() {
  eventually 60 guest_has_said "$@"
}

guest_has_said() {
  [ "$(grep -c -- "$2" "$(console "$1")")" -ge "${3:-1}" ]
}
