#!/usr/bin/env bash
# Runs ceph/s3-tests, unmodified, from a checkout against a fresh network here, and prints how many
# tests of each feature passed.
# Usage: scripts/s3-tests.sh CHECKOUT [pytest arguments]
#   TRELLIS=FILE   another build of the command (default .build/release/trellis)
#   S3_TESTS_JOBS=N  tests that run at once (default 1; above 1, test_list_buckets_paginated fails,
#                    since it expects to be alone)
set -euo pipefail
# The commit of ceph/s3-tests that docs/s3.md speaks of.
pinned=8f0ae7b404a3a2fcf7038bf1e6bf29544fe9b6a3
checkout=$(realpath "$1"); shift
cd "$(dirname "$0")/.."
root=$PWD trellis=${TRELLIS:-$PWD/.build/release/trellis} base=9800
[ -f "$checkout/s3tests/functional/test_s3.py" ] || {
  echo "$checkout is no checkout of ceph/s3-tests" >&2; exit 2; }
commit=$(git -C "$checkout" rev-parse HEAD 2>/dev/null || echo unknown)
[ "$commit" = "$pinned" ] ||
  echo "note: docs/s3.md was measured with $pinned; this checkout is at $commit" >&2
[ -z "$(git -C "$checkout" status --porcelain -uno 2>/dev/null)" ] ||
  echo "note: this checkout has local changes" >&2

venv=$root/.tools/s3-tests
if [ ! -x "$venv/bin/pytest" ] || ! "$venv/bin/python" -c 'import pytest_timeout, xdist' 2>/dev/null; then
  python3 -m venv "$venv"
  # The clients are the ones that our own tests pin.
  "$venv/bin/pip" install -q -r "$checkout/requirements.txt" pytest pytest-timeout pytest-xdist \
    -c scripts/requirements.txt </dev/null
fi

data=$(mktemp -d)
up=
stop() {
  "$trellis" down --data "$data" >/dev/null 2>&1 || true
  [ -z "$up" ] || wait "$up" || true
}
trap 'stop; rm -rf "$data" "$data.log"' EXIT
start() {
  "$trellis" up --data "$data" --port $base --providers 4 --epoch 60 "$@" >"$data.log" 2>&1 &
  up=$!
  for _ in $(seq 1200); do
    grep -q '^ready' "$data.log" && return
    kill -0 $up 2>/dev/null || break
    sleep 0.1
  done
  echo 'the network did not start:' >&2; cat "$data.log" >&2; exit 1
}
# The suite wants three customers that know nothing of each other.
start
"$trellis" keys new tenant --data "$data" >/dev/null
"$trellis" tx faucet --to tenant --amount 1000000 --data "$data" >/dev/null
stop
start

section() { # identity
  eval "$("$trellis" env --data "$data" --identity "$1")"
  printf 'display_name = %s\nuser_id = %s\nemail = %s@example.org\naccess_key = %s\nsecret_key = %s\n' \
    "$1" "$("$trellis" keys show "$1" --data "$data" | sed -n 's/^account (hex) *//p')" "$1" \
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
}
conf=$data/s3tests.conf
(
  umask 077
  {
    printf '[DEFAULT]\nhost = localhost\nport = %s\nis_secure = False\nssl_verify = False\n' \
      $((base + 1))
    printf '[fixtures]\nbucket prefix = trellis-{random}-\n'
    printf '[s3 main]\napi_name = default\n'; section main
    printf '[s3 alt]\n'; section alt
    printf '[s3 tenant]\ntenant = \n'; section tenant
    printf '[iam]\n'; section main
    printf '[iam root]\n'; section main
    printf '[iam alt root]\n'; section alt
  } >"$conf"
)
status=0
(
  cd "$checkout"
  # What the shell has set for S3 must not reach the suite's clients.
  unset "${!AWS_@}"
  S3TEST_CONF=$conf PYTHONDONTWRITEBYTECODE=1 "$venv/bin/pytest" s3tests/functional/test_s3.py -q \
    --tb=line -p no:cacheprovider -p no:warnings --timeout 300 --junitxml="$data/results.xml" \
    -n "${S3_TESTS_JOBS:-0}" "$@"
) || status=$?
[ -f "$data/results.xml" ] || exit $status
"$venv/bin/python" scripts/s3-tests-summary.py "$data/results.xml"
echo "ceph/s3-tests $commit, trellis $(git rev-parse --short HEAD 2>/dev/null || echo '?')"
