#!/bin/sh
# Builds and installs LibvirtMdevHook, or removes it; see --help.
set -eu

root=$(dirname "$(realpath "$0")")
export program=install.sh
# shellcheck source=src/build.sh
. "$root/src/build.sh"

PREFIX=${PREFIX:-/usr}
DESTDIR=${DESTDIR:-}
hook=$PREFIX/sbin/libvirt-mdev-hook
share=$DESTDIR$PREFIX/share/libvirt-mdev-hook
etc=$DESTDIR/etc/libvirt
conf=$etc/mdev-hook.conf
link=$etc/hooks/qemu.d/50-mdev
old_hook=$etc/hooks/qemu
drop_in=50-mdev-hook.conf
state=/run/libvirt-mdev
hook_log=$DESTDIR/var/log/libvirt/mdev-hook.log

usage() {
  cat <<'TEXT'
Usage: ./install.sh [--wait-for-nvidia] [--prebuilt FOLDER] [--force]
       ./install.sh --uninstall [--force]
       ./install.sh --build
       ./install.sh --demo

Without an option it builds both programs and installs them with the hook, the schemas and a configuration in which every key is
commented; then a running libvirtd is told to look for hooks. Running it again is an upgrade; an edited configuration stays.

--wait-for-nvidia  libvirtd starts after NVIDIA's vGPU daemons at boot, so that domains with autostart find their types
--prebuilt FOLDER  installs FOLDER/sbin/libvirt-mdev-hook and FOLDER/bin/virt-mdev instead of building
--uninstall        removes what was installed, reservations and cache too, unless devices are on record; the log, an edited
                   configuration and records that were set aside stay
--force            goes on where such records, or AppArmor's rules for libvirt, stand in the way, and says so
--build            only builds, into artifacts/publish
--demo             shows the main job on this machine: a libvirtd of its own on a simulated host starts a domain with two vGPUs;
                   it installs nothing but the distribution's packages that it needs

Environment: PREFIX (/usr) is where the programs go; DESTDIR is put before every path, and nothing running is touched.
TEXT
}

misuse() {
  echo "install.sh: $*; './install.sh --help' lists what there is." >&2
  exit 2
}

say() {
  echo "$*"
}

warn() {
  echo "install.sh: $*" >&2
}

# --- checks: before them nothing is changed ------------------------------------------------------------------------------------

check_place() {
  case $PREFIX in
    /*) ;;
    *) misuse "PREFIX is '$PREFIX', and has to begin with '/'" ;;
  esac
  [ -n "$DESTDIR" ] || [ "$(id -u)" -eq 0 ] || fail "only root can change what is installed under '$PREFIX': use sudo, or set DESTDIR."
}

# 'virt-mdev doctor' judges a place in the same way.
check_apparmor() {
  [ -z "$DESTDIR" ] || return 0
  # AppArmor goes by where links lead.
  folder=$(realpath -m "$PREFIX/sbin")
  case $folder/ in
    /bin/ | /sbin/ | /usr/bin/ | /usr/sbin/ | /etc/libvirt/hooks/*) return 0 ;;
  esac
  for daemon in libvirtd virtqemud; do
    if forbids "$daemon" "$folder/libvirt-mdev-hook"; then refuse_place "$daemon" "$folder/libvirt-mdev-hook"; fi
  done
}

# forbids DAEMON PROGRAM: its profile is enforced, and no local rule names the program.
forbids() {
  grep -Eqs "^(/.*/)?$1 \(enforce\)\$" /sys/kernel/security/apparmor/profiles || return 1
  ! grep -sv '^[[:space:]]*#' "/etc/apparmor.d/local/usr.sbin.$1" | grep -qF -- "$2"
}

refuse_place() {
  sentence="AppArmor does not let $1 execute '$2', so that no domain would start any more, and some versions of libvirt, such as 11.3, \
would lose the managed save of each domain that they are to start; use PREFIX=/usr, or add the line '$2 PUx,' to \
'/etc/apparmor.d/local/usr.sbin.$1' and run 'apparmor_parser -r /etc/apparmor.d/usr.sbin.$1', or use --force."
  if [ "$force" = no ]; then fail "$sentence"; fi
  warn "$sentence"
}

# The version of the libvirt that will call the hook; nothing if there is none, or if another machine is meant.
libvirt_version() {
  [ -z "$DESTDIR" ] || return 0
  for daemon in libvirtd virtqemud; do
    version=$(PATH=$PATH:/usr/sbin:/usr/local/sbin "$daemon" --version 2>/dev/null | sed -n 's/.* \([0-9][0-9.]*\)$/\1/p')
    if [ -n "$version" ]; then
      echo "$version"
      return 0
    fi
  done
}

# qemu.d came with 6.5.0.
knows_qemu_d() {
  [ -z "$1" ] || [ "$(printf '6.5.0\n%s\n' "$1" | sort -V | head -n 1)" = 6.5.0 ]
}

is_ours() {
  [ -e "$1" ] && sed -n 2p "$1" | grep -q '^# The hook of LibvirtMdevHook'
}

check_old_hook() {
  if [ -e "$old_hook" ] && ! is_ours "$old_hook" && ! grep -q "$hook" "$old_hook"; then
    fail "libvirt $libvirt calls '$old_hook' and no other, and that one is not ours: take the lines of '$root/hooks/qemu' into it," \
      "with hook=$hook, or move it away, and run this again."
  fi
}

# --- installing: everything is staged beside its place first, and takes its place by rename ------------------------------------

staged=

# stage MODE FROM TO
stage() {
  mkdir -p "$(dirname "$3")"
  staged="$staged $3"
  install -m "$1" "$2" "$3.new"
}

discard_staged() {
  for file in $staged; do rm -f "$file.new"; done
}

take_place() {
  for file in $staged; do mv -fT "$file.new" "$file"; done
  staged=
}

stage_conf() {
  new=$root/hooks/mdev-hook.conf
  if [ ! -e "$conf" ] || cmp -s "$conf" "$share/mdev-hook.conf"; then
    stage 644 "$new" "$conf"
  elif ! cmp -s "$conf" "$new"; then
    say "Kept '$conf', which was edited; '${share#"$DESTDIR"}/mdev-hook.conf' is the new one as it is shipped."
  fi
  stage 644 "$new" "$share/mdev-hook.conf"
}

stage_old_hook() {
  if [ -e "$old_hook" ] && ! is_ours "$old_hook"; then return 0; fi
  rewritten=$(mktemp)
  sed "s|^hook=.*|hook=$hook|" "$root/hooks/qemu" >"$rewritten"
  stage 755 "$rewritten" "$old_hook"
  rm -f "$rewritten"
}

# Made outside of qemu.d, where libvirt would run it under any name.
link_hook() {
  if is_ours "$old_hook"; then rm -f "$old_hook"; fi
  [ "$(readlink "$link" || :)" != "$hook" ] || return 0
  mkdir -p "$(dirname "$link")"
  ln -sfn "$hook" "$etc/hooks/.50-mdev.new"
  mv -fT "$etc/hooks/.50-mdev.new" "$link"
}

write_drop_ins() {
  for daemon in libvirtd virtqemud; do
    folder=$DESTDIR/etc/systemd/system/$daemon.service.d
    mkdir -p "$folder"
    cat >"$folder/$drop_in" <<'UNIT'
# LibvirtMdevHook: domains with autostart need the types that these daemons bring.
[Unit]
After=nvidia-vgpud.service nvidia-vgpu-mgr.service
Wants=nvidia-vgpud.service nvidia-vgpu-mgr.service
UNIT
  done
  reload_units
}

# A hook that cannot run would end guests at the next start of libvirtd: without arguments it says how it is called, and exits with 2.
check_runs() {
  status=0
  "$1" >/dev/null 2>&1 || status=$?
  [ "$status" -eq 2 ] || fail "'$1' does not run on this machine (it exits with $status); it needs glibc 2.34 or later."
}

install_all() {
  check_place
  check_apparmor
  libvirt=$(libvirt_version)
  knows_qemu_d "$libvirt" || check_old_hook
  if [ -z "$prebuilt" ]; then
    build_programs
    give_back
    prebuilt=$root/artifacts/publish
  fi
  for binary in sbin/libvirt-mdev-hook bin/virt-mdev; do
    [ -x "$prebuilt/$binary" ] || fail "'$prebuilt/$binary' is missing: build it with './install.sh --build'."
  done

  [ -n "$DESTDIR" ] || check_runs "$prebuilt/sbin/libvirt-mdev-hook"
  trap discard_staged EXIT
  umask 022
  stage 755 "$prebuilt/bin/virt-mdev" "$DESTDIR$PREFIX/bin/virt-mdev"
  stage 755 "$prebuilt/sbin/libvirt-mdev-hook" "$DESTDIR$hook"
  for schema in "$root"/schemas/*.rng "$root"/schemas/*.xsd; do
    if [ -e "$schema" ]; then stage 644 "$schema" "$share/schemas/$(basename "$schema")"; fi
  done
  stage_conf
  knows_qemu_d "$libvirt" || stage_old_hook
  take_place
  # Only a hook that is there is linked.
  if knows_qemu_d "$libvirt"; then link_hook; fi
  if [ "$wait_for_nvidia" = yes ]; then write_drop_ins; fi
  label
  reload_libvirt
  report
}

report() {
  say "Installed '$DESTDIR$hook' and '$DESTDIR$PREFIX/bin/virt-mdev'."
  if knows_qemu_d "$libvirt"; then say "libvirt calls it as '$link'."; else say "libvirt $libvirt calls it through '$old_hook'."; fi
  if [ -z "$DESTDIR$libvirt" ]; then
    say "There is no libvirt here yet: one of version 6.5 or later finds the hook as it is; for an older one, run this again after it."
  fi
  say "The configuration is '$conf', the schemas are in '$share/schemas'."
  if [ "$wait_for_nvidia" = no ] && [ ! -e "$DESTDIR/etc/systemd/system/libvirtd.service.d/$drop_in" ]; then
    say "With NVIDIA's vGPU manager, './install.sh --wait-for-nvidia' lets libvirtd start after it at boot."
  fi
  if [ -z "$DESTDIR" ]; then say "'virt-mdev doctor' says what else vGPUs need on this host."; fi
}

# --- what runs -----------------------------------------------------------------------------------------------------------------

label() {
  [ -z "$DESTDIR" ] || return 0
  command -v restorecon >/dev/null || return 0
  restorecon -R "$hook" "$PREFIX/bin/virt-mdev" "$share" "$conf" "$etc/hooks" || say "restorecon failed, ignoring."
}

# A daemon that found no hook when it started looks for one only when it is told to.
reload_libvirt() {
  [ -z "$DESTDIR" ] || return 0
  reload_daemon libvirtd libvirt-sock
  reload_daemon virtqemud virtqemud-sock
}

# reload_daemon NAME SOCKET: one that does not run finds the hook when it starts, and is not started for it.
reload_daemon() {
  pid=$(cat "/run/$1.pid" 2>/dev/null || :)
  if [ -d /run/systemd/system ] && systemctl is-active --quiet "$1.service"; then
    reload="systemctl reload $1.service"
  elif [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ]; then
    reload="kill -HUP $pid"
  else
    return 0
  fi
  trouble=
  serves "$2" || trouble='it gave no answer within 60 s'
  # shellcheck disable=SC2086 # a command and its arguments
  $reload || trouble="'$reload' failed"
  if [ -z "$trouble" ]; then
    say "Told $1 to look for hooks again."
  else
    warn "$1 may not have looked for hooks again, as $trouble: restart it, which leaves domains running."
  fi
}

# A daemon passes over SIGHUP until its drivers are initialized, though systemd calls it active by then; only after that it serves clients.
# Any answer will do, a refusal too; where there is no virsh, nobody is asked.
serves() {
  status=0
  timeout 60 virsh -q -c "qemu:///system?socket=/run/libvirt/$1" uri </dev/null >/dev/null 2>&1 || status=$?
  [ "$status" -ne 124 ]
}

reload_units() {
  if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}

# --- removing ------------------------------------------------------------------------------------------------------------------

records() {
  [ -z "$DESTDIR" ] || return 0
  find "$state/domains" "$state/removing" -name '*.xml' 2>/dev/null || :
}

check_records() {
  found=$(records)
  [ -n "$found" ] || return 0
  if [ "$force" = no ]; then
    fail "devices are on record, and only the hook would remove them: end their domains first, or use --force:" "$(echo "$found" | paste -sd' ')"
  fi
  say "These records stay, and their devices with them:"
  say "$found"
}

remove_conf() {
  [ -e "$conf" ] || return 0
  if cmp -s "$conf" "$share/mdev-hook.conf"; then rm -f "$conf"; else say "Left '$conf', which was edited."; fi
}

# Without such records there are only locks and reservations, which mean nothing without the hook. What was set aside is for people to look at.
remove_state() {
  if [ -n "$DESTDIR" ] || [ -n "$(records)" ]; then return 0; fi
  if [ -n "$(ls -A "$state/set-aside" 2>/dev/null)" ]; then
    say "Left '$state/set-aside', records that were set aside."
  else
    rm -rf "$state"
  fi
}

remove_drop_ins() {
  for daemon in libvirtd virtqemud; do
    folder=$DESTDIR/etc/systemd/system/$daemon.service.d
    [ -e "$folder/$drop_in" ] || continue
    rm -f "$folder/$drop_in"
    rmdir --ignore-fail-on-non-empty "$folder"
    reload_units
  done
}

uninstall() {
  check_place
  check_records
  # What calls a program goes before the program.
  if [ "$(readlink "$link" || :)" = "$hook" ]; then rm -f "$link"; fi
  if is_ours "$old_hook"; then rm -f "$old_hook"; fi
  rmdir --ignore-fail-on-non-empty "$etc/hooks/qemu.d" 2>/dev/null || :
  reload_libvirt
  rm -f "$DESTDIR$hook" "$DESTDIR$PREFIX/bin/virt-mdev"
  remove_conf
  rm -rf "$share" "$DESTDIR/var/cache/libvirt-mdev"
  remove_state
  remove_drop_ins
  if [ -e "$hook_log" ]; then say "Left the log, '$hook_log'."; fi
  say "Removed LibvirtMdevHook from '$DESTDIR$PREFIX'."
}

# -------------------------------------------------------------------------------------------------------------------------------

verb=install wait_for_nvidia=no force=no prebuilt=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --uninstall | --build | --demo) verb=${1#--} ;;
    --wait-for-nvidia) wait_for_nvidia=yes ;;
    --force) force=yes ;;
    --prebuilt)
      [ $# -ge 2 ] || misuse "'--prebuilt' wants a folder"
      prebuilt=$(realpath -m "$2")
      shift
      ;;
    *) misuse "unknown option '$1'" ;;
  esac
  shift
done

case $verb in
  install) install_all ;;
  uninstall) uninstall ;;
  build) build_programs; give_back ;;
  demo) exec "$root/tests/lab/demo" ;;
esac
