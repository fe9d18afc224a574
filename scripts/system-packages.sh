#!/usr/bin/env bash
# Checks that this machine can build and run Trellis (`demo`), and test it (`test`), and installs
# what is missing: on Debian and Ubuntu as root by itself, otherwise it says exactly what to do.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=${1:-demo}

fail() { printf '%s\n' "$@" >&2; exit 1; }

[ "$(uname -s)" = Linux ] || fail \
  "Trellis runs on Linux (x86_64 or aarch64); this is $(uname -s)." \
  'It keeps processes apart through /proc. A Linux virtual machine or container will do.'
case "$(uname -m)" in
  x86_64 | aarch64) ;;
  *) fail "Trellis is built for x86_64 and aarch64; this is $(uname -m)." ;;
esac

command -v swift >/dev/null || fail \
  'There is no swift on the PATH. Trellis needs Swift 6.2 or newer: https://www.swift.org/install/linux/'
version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1)
read -r major minor <<<"${version:-0 0}"
if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
  fail "Trellis needs Swift 6.2 or newer; this is $major.$minor: https://www.swift.org/install/linux/"
fi

missing=()
need_library() { # pkg-config name, package
  if ! command -v pkg-config >/dev/null || ! pkg-config --exists "$1"; then missing+=("$2"); fi
}
need_command() { command -v "$1" >/dev/null || missing+=("$2"); }

need_command pkg-config pkg-config
need_library libisal libisal-dev
need_library libsodium libsodium-dev
need_library sqlite3 libsqlite3-dev
if [ "$wanted" = test ]; then
  need_command chromium chromium
  need_command rclone rclone
  need_command restic restic
  need_command python3 python3
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
fi

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || fail \
    "Missing on this machine: ${missing[*]} (names of Debian's packages)." \
    'It has no apt-get: install what your distribution calls them, then run this again.'
  line="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    fail 'These system packages are missing. Install them, then run this again:' "  sudo $line"
  fi
  echo "── system packages: $line"
  export DEBIAN_FRONTEND=noninteractive
  $line </dev/null >/dev/null 2>&1 || { apt-get update -qq </dev/null && $line </dev/null >/dev/null; } ||
    fail "That did not work. Run it by hand to see why:" "  $line"
fi

if [ "$wanted" = test ]; then
  stamp=.tools/venv/.requirements
  if ! cmp -s scripts/requirements.txt "$stamp" 2>/dev/null; then
    echo '── Python clients for the tests, into .tools/venv (pinned in scripts/requirements.txt)'
    rm -rf .tools/venv
    python3 -m venv .tools/venv
    .tools/venv/bin/pip install -q --disable-pip-version-check -r scripts/requirements.txt </dev/null
    cp scripts/requirements.txt "$stamp"
  fi
fi
