#!/usr/bin/env bash
# Speed, as ratios against floors measured in the same run; about a quarter of an hour for all.
#
#   scripts/bench.sh                        everything
#   scripts/bench.sh only=put,ledger        these: hash signature cipher opening erasure ledger burn-and-mint
#                                           abci snapshot growth (one process), idle put get small memory degraded (S3)
#   … medium=tmpfs  mib=256  rounds=1  objects=2000  upload-gib=1     smaller
#   … accounts=20000  transfers=1000  blocks=3  growth-blocks=5000    for the ledger and its ABCI
#
# The benchmarks are a package of their own, so that CI never builds them. TRELLIS and TRELLIS_BENCH
# name release builds that exist; PYTHON one that has boto3.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f Benchmarks/Package.swift ] || { echo 'There is no Benchmarks/ package in this checkout.' >&2; exit 1; }

s3_names=' idle put get small memory degraded '
all_micro='hash signature cipher opening erasure ledger burn-and-mint abci snapshot growth'
micro=() micro_options=() s3=() s3_options=() chosen=
for argument in "$@"; do
  case $argument in
    only=*)
      IFS=, read -ra names <<<"${argument#only=}"
      for name in "${names[@]}"; do
        chosen=1
        case "$s3_names" in *" $name "*) s3+=("$name") ;; *) micro+=("$name") ;; esac
      done ;;
    accounts=* | transfers=* | blocks=* | growth-blocks=* | directory=*) micro_options+=("$argument") ;;
    *=*) s3_options+=("--${argument%%=*}" "${argument#*=}") ;;
    *) micro+=("$argument") chosen=1 ;;
  esac
done
if [ -z "$chosen" ]; then
  read -ra micro <<<"$all_micro"
  read -ra s3 <<<"$s3_names"
fi

bench=${TRELLIS_BENCH:-}
if [ -z "$bench" ]; then
  swift build -c release --package-path Benchmarks --product trellis-bench
  bench=$PWD/Benchmarks/.build/release/trellis-bench
fi
[ ${#micro[@]} -eq 0 ] || "$bench" "${micro[@]}" ${micro_options[@]+"${micro_options[@]}"}
[ ${#s3[@]} -gt 0 ] || exit 0

trellis=${TRELLIS:-}
if [ -z "$trellis" ]; then
  swift build -c release -Xswiftc -enable-testing --product trellis  # as `make demo` does
  trellis=$PWD/.build/release/trellis
fi
python=${PYTHON:-.tools/venv/bin/python}
[ -x "$python" ] || python=python3
exec "$python" Benchmarks/S3/bench_s3.py --trellis "$trellis" --bench "$bench" \
  --only "$(IFS=,; echo "${s3[*]}")" ${s3_options[@]+"${s3_options[@]}"}
