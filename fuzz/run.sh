#!/usr/bin/env bash
# Fuzzes every decoder for so many seconds, then runs the property tests with many more cases.
source "$(dirname "${BASH_SOURCE[0]}")/../tools/say.sh"

seconds="${1:-600}"
say "Throwing damaged bodies at every decoder for $seconds seconds"
cargo run --locked --package roadstead-fuzz -- "$seconds" "${2:-$(date +%s)}"
say "Property tests with 20,000 cases each"
PROPTEST_CASES=20000 cargo nextest run --locked --workspace --lib
