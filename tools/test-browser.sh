#!/usr/bin/env bash
# The pages in headless Chromium, against the real binary.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

if [ ! -f tests/browser/package.json ]; then
  say "Browser tests: skipped, tests/browser does not exist"
  exit 0
fi
tools/npm-ci.sh tests/browser
say "Browser tests"
export ROADSTEAD_BINARY="${ROADSTEAD_BINARY:-$CARGO_TARGET_DIR/debug/roadstead}"
cd tests/browser && npm test --silent
