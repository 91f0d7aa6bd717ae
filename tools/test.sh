#!/usr/bin/env bash
# Every check there is, the cheap ones first.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

step() {
  say "$1"
  shift
  "$@"
}

export ROADSTEAD_BINARY="$CARGO_TARGET_DIR/debug/roadstead"

tools/web.sh build test
step "Formatting" cargo fmt --all --check
step "Tidy: arrows, headers, sizes, leftovers, claims, links" cargo run --quiet --locked --package xtask -- tidy
step "Licences and bans" cargo run --quiet --locked --package xtask -- licences
step "Advisories" cargo run --quiet --locked --package xtask -- advisories
step "Clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
# Bins and tests in one go: the tests from outside want the binary, and both then share every library.
step "Building" cargo build --locked --workspace --bins --tests
step "Tests" cargo nextest run --locked --workspace --no-fail-fast
step "Documentation tests, what must not compile among them" cargo test --locked --workspace --doc --quiet
tools/test-browser.sh
tools/test-python.sh
say "Everything passed"
