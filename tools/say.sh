# Sourced by the other scripts: goes to the root of the clone, says what happens, knows how to become root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache="${ROADSTEAD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/roadstead}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
started=$SECONDS

say() { printf '\n==> [%3ds] %s\n' "$((SECONDS - started))" "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif have sudo; then sudo "$@"; else
    echo "This step needs root and there is no sudo. Run as root: $*" >&2
    return 1
  fi
}
