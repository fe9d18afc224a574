#!/usr/bin/env bash
# S3 speed of a network of twelve providers on this machine, against the floor of its mandatory
# passes. TRELLIS and TRELLIS_BENCH name release builds that exist; PYTHON one that has boto3.
set -euo pipefail
cd "$(dirname "$0")/.."
trellis=${TRELLIS:-}
if [ -z "$trellis" ]; then
  swift build -c release -Xswiftc -enable-testing --product trellis  # as `make demo` does
  trellis=$PWD/.build/release/trellis
fi
bench=${TRELLIS_BENCH:-}
if [ -z "$bench" ]; then
  swift build -c release --package-path Benchmarks --product trellis-bench
  bench=$PWD/Benchmarks/.build/release/trellis-bench
fi
python=${PYTHON:-.tools/venv/bin/python}
[ -x "$python" ] || python=python3
exec "$python" Benchmarks/S3/bench_s3.py --trellis "$trellis" --bench "$bench" "$@"
