// swift run -c release trellis-bench [hash] [signature] [cipher] [opening] [erasure]
// Every figure is of one core; ratios compare within one run.

let wanted = Set(CommandLine.arguments.dropFirst())
func isWanted(_ name: String) -> Bool { wanted.isEmpty || wanted.contains(name) }

if isWanted("hash") { HashBenchmarks.run() }
if isWanted("signature") { SignatureBenchmarks.run() }
if isWanted("cipher") { CipherBenchmarks.run() }
if isWanted("opening") { try OpeningBenchmarks.run() }
if isWanted("erasure") { try ErasureBenchmarks.run() }
