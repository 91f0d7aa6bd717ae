#!/usr/bin/env bash
# Installs what is missing, and nothing else. Arguments: build, test. Safe to repeat.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

policy=/usr/sbin/policy-rc.d
least_node=20

# Debian starts a service as soon as its package is unpacked. Nothing we install shall listen on its own.
# In a shell of its own, so that what it puts in place goes away however it ends.
install_packages() (
  as_root apt-get update -qq
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
)

# Prints the packages of "package:file that shows it is there" pairs whose file is missing.
missing_packages() {
  local pair
  for pair in "$@"; do
    [ -e "${pair#*:}" ] || have "${pair#*:}" || printf '%s\n' "${pair%%:*}"
  done
}

debian() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" = 0 ] && return
  if ! have apt-get; then
    echo "Missing: ${missing[*]} (Debian's names). Install them with this system's package manager." >&2
    return 1
  fi
  say "Installing Debian packages: ${missing[*]}"
  install_packages "${missing[@]}"
}

language_tools() {
  have cargo || { echo "Rust is missing: install it from https://rustup.rs" >&2; return 1; }
  have npm || { echo "Node.js with npm is missing (version $least_node or newer)" >&2; return 1; }
  is_new_enough "$(node --version)"
}

# The major version of "v22.1.0" is at least the one that is needed.
is_new_enough() {
  local major="${1#v}"
  [ "${major%%.*}" -ge "$least_node" ] && return
  echo "Node.js is too old ($1): install version $least_node or newer from https://nodejs.org" >&2
  return 1
}

for_build() {
  debian build-essential:cc pkg-config:pkg-config ca-certificates:/etc/ssl/certs/ca-certificates.crt
}

for_test() {
  debian curl:curl openssl:openssl chromium:chromium mosquitto:/usr/sbin/mosquitto \
    mosquitto-clients:mosquitto_pub python3:python3
  python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3-venv:none
  have cargo-nextest && return
  say "Installing cargo-nextest (once, a few minutes)"
  cargo install --locked --quiet cargo-nextest
}

language_tools
for part in "$@"; do "for_$part"; done
