#!/usr/bin/env bash
# Runs ceph/s3-tests, unmodified, from a checkout against a fresh network here.
# Usage: scripts/s3-tests.sh CHECKOUT [pytest arguments]
set -euo pipefail
checkout=$(realpath "$1"); shift
cd "$(dirname "$0")/.."
data=$(mktemp -d) trellis=$PWD/.build/release/trellis
venv=.tools/s3-tests
if [ ! -x "$venv/bin/pytest" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r "$checkout/requirements.txt" pytest </dev/null
fi
"$trellis" up --data "$data" --port 9800 >"$data.log" 2>&1 &
up=$!
trap '"$trellis" down --data "$data" || true; wait $up || true; rm -rf "$data"' EXIT
for _ in $(seq 600); do grep -q '^ready' "$data.log" && break; sleep 0.1; done
section() { # identity, display name
  eval "$("$trellis" env --data "$data" --identity "$1")"
  printf 'display_name = %s\nuser_id = %s\nemail = %s@example.org\naccess_key = %s\nsecret_key = %s\n' \
    "$1" "$1" "$1" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
}
conf=$data/s3tests.conf
{
  printf '[DEFAULT]\nhost = 127.0.0.1\nport = 9801\nis_secure = False\n'
  printf '[fixtures]\nbucket prefix = trellis-{random}-\n'
  printf '[s3 main]\napi_name = default\n'; section main
  printf '[s3 alt]\n'; section alt
  printf '[s3 tenant]\ntenant = \n'; section alt
  printf '[iam]\n'; section main
} >"$conf"
cd "$checkout"
S3TEST_CONF=$conf "$OLDPWD/$venv/bin/pytest" s3tests/functional/test_s3.py -q -p no:cacheprovider "$@"
