# shellcheck shell=sh disable=SC2154 # the caller sets root, the folder of the clone, and program, its own name
# What install.sh, tests/run and the demo have in common.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
# A bare machine has no libicu, and nothing here is localised.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
# No compiler stays behind, least of all as root.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

fail() {
  echo "$program: $*" >&2
  exit 1
}

# need THING:PACKAGE...: installs the package of every program, or file, that is not there.
need() {
  packages=
  for pair; do
    thing=${pair%%:*}
    [ -e "$thing" ] || command -v "$thing" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$thing" >/dev/null || packages="$packages ${pair#*:}"
  done
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null || fail "needed and not found:$packages (Debian's names); install them and try again."
  [ "$(id -u)" -eq 0 ] || fail "needed and not found:$packages; install them with apt-get, or run this as root."
  echo "Installing what is needed and not there:$packages"
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of words
  apt_get install $packages >"$log" 2>&1 || { apt_get update && apt_get install $packages; } >>"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    fail "apt-get could not install$packages; see '$log'."
  }
  rm -f "$log"
}

apt_get() {
  verb=$1
  shift
  DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 --no-install-recommends "$verb" "$@" </dev/null
}

# Sets 'dotnet'. Under sudo the caller's PATH is gone, so the usual places are tried, too.
find_dotnet() {
  [ -z "${dotnet:-}" ] || return 0
  home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)
  for dotnet in "$(command -v dotnet || :)" "${DOTNET_ROOT:-}/dotnet" "$home/.dotnet/dotnet" /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet \
    /usr/lib64/dotnet/dotnet /usr/local/share/dotnet/dotnet /opt/dotnet/dotnet; do
    if [ -x "$dotnet" ] && "$dotnet" --list-sdks | grep -q '^[1-9][0-9]\.'; then return 0; fi
  done
  fail "no .NET SDK 10 or later was found: install it (https://dotnet.microsoft.com/download), then run this again."
}

# Runs a command as whoever called sudo, if that user can work in the clone; so no file there becomes root's.
as_caller() {
  if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && caller_can_build; then
    runuser -u "$SUDO_USER" -- env HOME="$home" "$@"
  else
    "$@"
  fi
}

caller_can_build() {
  for folder in "$root" "$root/artifacts"; do
    [ ! -e "$folder" ] || runuser -u "$SUDO_USER" -- test -w "$folder" || return 1
  done
  runuser -u "$SUDO_USER" -- env HOME="$home" "$dotnet" --version >/dev/null 2>&1
}

# What root had to write into the clone belongs to the clone's owner.
give_back() {
  if [ "$(id -u)" -eq 0 ] && [ -e "$root/artifacts" ]; then chown -R --reference="$root" "$root/artifacts"; fi
}

# Both programs, into artifacts/publish/sbin and bin; what the compiler says is kept in artifacts/publish.log.
build_programs() {
  find_dotnet
  need gcc:gcc /usr/include/stdlib.h:libc6-dev /etc/ssl/certs:ca-certificates
  echo "Building the programs; the first time takes a minute."
  as_caller mkdir -p "$root/artifacts"
  as_caller rm -f "$root/artifacts/publish.log"
  publish LibvirtMdevHook.Hook sbin
  publish LibvirtMdevHook.Cli bin
}

publish() {
  # shellcheck disable=SC2016 # expanded by the inner shell, whose files belong to the caller
  as_caller sh -c 'exec "$1" publish "$2" -c Release --ucr -o "$3" >>"$4" 2>&1' sh \
    "$dotnet" "$root/src/$1" "$root/artifacts/publish/$2" "$root/artifacts/publish.log" || {
    tail -n 20 "$root/artifacts/publish.log" >&2
    fail "the build of '$1' failed; all of its output is in '$root/artifacts/publish.log'."
  }
}
