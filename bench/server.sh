# Sourced by the other scripts of this folder: a fresh server with devices, for one run.
# Sets: work (a folder that is removed at the end), server (process id), ca, credentials.
source "$(dirname "${BASH_SOURCE[0]}")/../tools/say.sh"

mqtt_port="${BENCH_MQTT_PORT:-18883}"
https_port="${BENCH_HTTPS_PORT:-18443}"
http_port="${BENCH_HTTP_PORT:-18080}"
devices="${BENCH_DEVICES:-100}"
bench="$CARGO_TARGET_DIR/release/roadstead-bench"
roadstead="$CARGO_TARGET_DIR/release/roadstead"

work="$(mktemp -d)"
data="$work/data"
ca="$data/tls/ca.pem"
credentials="$work/credentials"
server=""
# The command line keeps its profile here, not in the home of whoever measures.
export XDG_CONFIG_HOME="$work/config"

clean_up() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

build_release() {
  say "Building the server and the load generator, optimised (the first time takes many minutes)"
  cargo build --release --locked --package roadstead --package roadstead-bench
}

# Waits until a command succeeds, thirty seconds at most, as long as the server runs.
wait_for() {
  local tries=0
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
      echo "The server did not get ready. It said:" >&2
      cat "$work/server.log" >&2
      return 1
    fi
    sleep 0.1
  done
}

has_claim_link() { grep -qoE 'https://[^ "]+/claim#[^ "\\]+' "$work/server.log"; }

start_server() {
  say "Starting a fresh server on loopback ports $mqtt_port (MQTT) and $https_port (HTTPS)"
  cat >"$work/roadstead.toml" <<TOML
[door.mqtt]
listen = ["127.0.0.1:$mqtt_port"]

[door.https]
listen = ["127.0.0.1:$https_port"]

[door.http]
listen = ["127.0.0.1:$http_port"]
TOML
  local arguments=(serve --config "$work/roadstead.toml" --data "$data")
  [ "$(id -u)" != 0 ] || arguments+=(--as-root-for-testing)
  "$roadstead" "${arguments[@]}" >"$work/server.log" 2>&1 &
  server=$!
  wait_for has_claim_link
}

claim_server() {
  local link
  link="$(grep -oE 'https://[^ "]+/claim#[^ "\\]+' "$work/server.log" | head -n 1)"
  (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$work/password")
  "$roadstead" claim "$link" --ca "$ca" --tenant bench --email bench@example.org \
    --password-file "$work/password"
}

add_devices() {
  say "Adding $devices devices"
  (umask 077 && : >"$credentials")
  local number
  for number in $(seq "$devices"); do
    "$roadstead" device add "load-$number" --json |
      python3 -c 'import json, sys; it = json.load(sys.stdin); print(it["id"] + ":" + it["token"])' \
        >>"$credentials"
  done
}

prepare_server() {
  start_server
  claim_server
  add_devices
}
