#!/usr/bin/env bash
# The benchmarks are a package of their own, so that CI never builds them.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f Benchmarks/Package.swift ] || { echo 'There is no Benchmarks/ package in this checkout.' >&2; exit 1; }
exec swift run -c release --package-path Benchmarks trellis-bench "$@"
