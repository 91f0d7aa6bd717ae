#!/usr/bin/env bash
# Keeps a server under load for SOAK_MINUTES. The load and what is watched are in bench/.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

minutes="${SOAK_MINUTES:-30}"
say "Soaking for $minutes minutes"
exec bench/soak.sh "$minutes"
