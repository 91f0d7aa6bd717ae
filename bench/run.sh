#!/usr/bin/env bash
# Measures a fresh server against mosquitto, both in one run, in turn. Arguments go to `versus`:
#   bench/run.sh --rounds 3 --seconds 5 --connections 1000 --in-flight 20
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

build_release
prepare_server
say "Measuring; see bench/README.md for what the figures mean"
"$bench" versus --port "$mqtt_port" --ca "$ca" --credentials "$credentials" \
  --server-pid "$server" "$@" | tee "$work/versus.md"

say "The same server over HTTPS, 1,000 values in each request"
"$bench" http --url "https://127.0.0.1:$https_port/api/v1/devices/me/measurements" \
  --ca "$ca" --credentials "$credentials" --server-pid "$server" --connections 8
