#!/usr/bin/env bash
# The browser's side. Arguments: build (into web/dist), test (types, lint, unit tests).
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

build() {
  say "Building the browser's side (web/dist)"
  (cd web && npm run --silent build)
}

test() {
  say "Checking the browser's side"
  (cd web && npm run --silent check && npm run --silent test)
}

tools/npm-ci.sh web
for part in "$@"; do "$part"; done
