#!/usr/bin/env bash
# Builds the server and starts it with demo data. Its data folder stays between runs.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

data="${XDG_DATA_HOME:-$HOME/.local/share}/roadstead-demo"
arguments=(serve --demo --data "$data")
[ "$(id -u)" != 0 ] || arguments+=(--as-root-for-testing)

say "Building the server (the first time takes some minutes)"
cargo build --locked --package roadstead
say "Starting it with demo data in $data; Ctrl-C ends it"
mkdir -p "$(dirname "$data")"
exec "$CARGO_TARGET_DIR/debug/roadstead" "${arguments[@]}"
