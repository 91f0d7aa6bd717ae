#!/usr/bin/env bash
# Clients in Python, against the real binary, in a virtual environment of their own.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

if [ ! -f tests/python/requirements.txt ]; then
  say "Python client tests: skipped, tests/python does not exist"
  exit 0
fi
venv="$cache/python"
stamp="$venv/installed-from"
sum=$(sha256sum tests/python/requirements.txt | cut -d' ' -f1)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$sum" ]; then
  say "Installing Python packages in $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/python/requirements.txt
  printf '%s' "$sum" >"$stamp"
fi
say "Python client tests"
export ROADSTEAD_BINARY="${ROADSTEAD_BINARY:-$CARGO_TARGET_DIR/debug/roadstead}"
"$venv/bin/python" -m unittest discover --start-directory tests/python
