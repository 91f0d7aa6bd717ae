#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS. The targets and how they run are in fuzz/.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

seconds="${FUZZ_SECONDS:-60}"
say "Fuzzing every parser, $seconds seconds each"
exec fuzz/run.sh "$seconds"
