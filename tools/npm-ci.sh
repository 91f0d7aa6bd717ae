#!/usr/bin/env bash
# Installs the npm packages of a folder, when its lock changed since the last time. Argument: the folder.
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

folder=$1
stamp="$folder/node_modules/.installed-from"
sum=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then exit 0; fi
say "Installing npm packages of $folder"
(cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
printf '%s' "$sum" >"$stamp"
