#!/usr/bin/env bash
# Keeps a fresh server under load for so many minutes and prints its memory once a minute.
# Fails when a message is lost, or when memory more than doubles after the first tenth.
source "$(dirname "${BASH_SOURCE[0]}")/server.sh"

minutes="${1:?how many minutes?}"
resident_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$server/status"; }

build_release
prepare_server
say "Loading it for $minutes minutes"
"$bench" mqtt --port "$mqtt_port" --ca "$ca" --credentials "$credentials" --server-pid "$server" \
  --in-flight "${SOAK_IN_FLIGHT:-1}" --warmup 1 --seconds "$((minutes * 60))" &
load=$!
settled=""
passed=0
while kill -0 "$load" 2>/dev/null; do
  sleep 60
  passed=$((passed + 1))
  now="$(resident_kib)"
  say "after $passed min: $((now / 1024)) MiB resident, $(du -sm "$data" | cut -f 1) MiB on disk"
  if [ -z "$settled" ] && [ $((passed * 10)) -ge "$minutes" ]; then settled="$now"; fi
done
wait "$load"
if [ "$now" -gt $((settled * 2)) ]; then
  echo "Memory grew from $((settled / 1024)) to $((now / 1024)) MiB" >&2
  exit 1
fi
say "Nothing was lost and memory stayed within bounds"
