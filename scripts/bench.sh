#!/usr/bin/env bash
# The benchmarks are a package of their own, so that CI never builds them. With names of benchmarks
# as arguments only those run; without, all of them and then S3 on a whole network.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f Benchmarks/Package.swift ] || { echo 'There is no Benchmarks/ package in this checkout.' >&2; exit 1; }
swift build -c release --package-path Benchmarks --product trellis-bench
bench=Benchmarks/.build/release/trellis-bench
[ $# -eq 0 ] || exec "$bench" "$@"
"$bench"
TRELLIS_BENCH=$PWD/$bench exec scripts/bench-s3.sh
