#!/usr/bin/env bash
# The burn-and-mint model as a policy, against radCAD, cadCAD and NumPy: each on one thread, in one
# run. Those come from PyPI into a scratch environment of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
bench=${TRELLIS_BENCH:-}
if [ -z "$bench" ]; then
  swift build -c release --package-path Benchmarks --product trellis-bench
  bench=$PWD/Benchmarks/.build/release/trellis-bench
fi
environment=${BENCH_PYTHON_ENVIRONMENT:-.tools/economics}
if [ ! -x "$environment/bin/python" ]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet numpy radcad cadCAD typing_extensions
fi
exec "$environment/bin/python" Benchmarks/Economics/burn_and_mint.py --bench "$bench"
