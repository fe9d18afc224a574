// swift run -c release trellis-bench [hash] [signature] [cipher] [opening] [erasure] [ledger] [floor]
// [burn-and-mint] [abci] [snapshot] [growth]
// Figures are of one core unless they say otherwise; ratios compare within one run.

import Foundation

let settings = BenchmarkSettings(arguments: CommandLine.arguments.dropFirst())
let unknown = settings.unknown(among: [
  "hash", "signature", "cipher", "opening", "erasure", "ledger", "floor", "burn-and-mint", "abci",
  "snapshot", "snapshot-prepare", "snapshot-take", "snapshot-restore", "growth",
])
if !unknown.isEmpty {
  print("no benchmark is called \(unknown.joined(separator: ", "))")
  exit(2)
}

if settings.wants("hash") { HashBenchmarks.run() }
if settings.wants("signature") { SignatureBenchmarks.run() }
if settings.wants("cipher") { CipherBenchmarks.run() }
if settings.wants("opening") { try OpeningBenchmarks.run() }
if settings.wants("erasure") { try ErasureBenchmarks.run() }
if settings.wants("ledger") { try await LedgerBenchmarks.run(settings) }
if settings.wants("floor", byDefault: false) { try FloorBenchmarks.run(settings) }
if settings.wants("burn-and-mint") { try BurnAndMintBenchmarks.run() }
if settings.wants("abci") { try await ABCIBenchmarks.run(settings) }
if settings.wants("snapshot") { try SnapshotBenchmarks.run(settings) }
for part in ["prepare", "take", "restore"]
where settings.wants("snapshot-" + part, byDefault: false) {
  try await SnapshotBenchmarks.part(part, settings)
}
if settings.wants("growth") { try await GrowthBenchmarks.run(settings) }
