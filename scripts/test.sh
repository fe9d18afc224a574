#!/usr/bin/env bash
# Runs the test targets that are built, one after another, and prints the time of each.
# Usage: scripts/test.sh [TARGET...]; ends with a line 'N passed, M failed' and its exit status.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=.build/test-logs
mkdir -p "$logs"
rm -f "$logs/summary"

if [ $# -gt 0 ]; then targets=("$@"); else
  targets=()
  for folder in Tests/*Tests; do
    name=${folder#Tests/}
    [ "$name" = EndToEndTests ] || targets+=("$name")
  done
  [ -d Tests/EndToEndTests ] && targets+=(EndToEndTests)
fi

passed=0 failed=0 table=''
for target in "${targets[@]}"; do
  limit=480
  [ "$target" = EndToEndTests ] && limit=900
  [ -n "${TRELLIS_SOAK_SECONDS:-}" ] && limit=$((limit + TRELLIS_SOAK_SECONDS))
  log=$logs/$target.log
  echo "── $target"
  began=$(date +%s.%N)
  timeout --kill-after=20 "$limit" \
    swift test -c release -Xswiftc -enable-testing --skip-build --disable-xctest \
    --filter "^$target\\." </dev/null >"$log" 2>&1
  status=$?
  seconds=$(echo "$(date +%s.%N) $began" | awk '{printf "%.1f", $1 - $2}')
  ok=$(grep -acE '^(✔|\S+ )?.?Test .* passed after' "$log")
  bad=$(grep -acE '^(✘|\S+ )?.?Test .* failed after' "$log")
  # The run's own summary is a line "Test run with …": not a test.
  ok=$((ok - $(grep -acE 'Test run with .* passed after' "$log")))
  bad=$((bad - $(grep -acE 'Test run with .* failed after' "$log")))
  # A crash or a time-out leaves no summary: that is a failure by itself.
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$status" -eq 124 ]; then echo "   stopped after $limit s: its time is up"; fi
  passed=$((passed + ok)) failed=$((failed + bad))
  if [ "$status" -ne 0 ]; then
    # With what a failing tool or command said, which follows the line of its issue.
    grep -aE -A 30 'recorded an issue|error:|Fatal error|signal' "$log" | head -n 120
    grep -aE '✘' "$log" | tail -n 20
    echo "   the whole log: $log"
  fi
  table+=$(printf '%-24s %5d passed %3d failed %8s s' "$target" "$ok" "$bad" "$seconds")$'\n'
done

printf '\n%s\n' "$table"
echo "$passed passed, $failed failed" | tee "$logs/summary"
[ "$failed" -eq 0 ]
