#!/usr/bin/env bash
# Makes Sources/Node/ABCI/Messages/abci.pb.swift from abci.proto. Needs protoc (Debian's
# protobuf-compiler and libprotobuf-dev); builds the generator of the swift-protobuf that
# Package.swift names (about a minute). The result is committed: no build runs this.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/.*apple\/swift-protobuf", from: "\([0-9.]*\)".*/\1/p' Package.swift)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
generator=${PROTOC_GEN_SWIFT:-}
if [ -z "$generator" ]; then
  git clone --quiet --depth 1 --branch "$version" \
    https://github.com/apple/swift-protobuf "$work/swift-protobuf"
  swift build --package-path "$work/swift-protobuf" --product protoc-gen-swift
  generator=$work/swift-protobuf/.build/debug/protoc-gen-swift
fi
folder=Sources/Node/ABCI/Messages
protoc --plugin=protoc-gen-swift="$generator" --swift_out="$folder" \
  --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath -I "$folder" -I /usr/include \
  "$folder/abci.proto"
