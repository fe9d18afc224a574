#!/usr/bin/env bash
# Formatting of every Swift file. The rules beyond formatting are in Tests/TidyTests.
set -euo pipefail
cd "$(dirname "$0")/.."
swift format lint --strict --parallel --recursive Sources Tests Package.swift
echo 'formatting: nothing to mend'
