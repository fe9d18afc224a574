import Locks
import StorageProvider
import TestSupport

/// Files in memory that fail on command and forget on a crash what was not synced.
final class FaultyFileSystem: ShardFileSystem {
  /// What goes wrong with the next operation of its kind.
  enum Fault: Sendable {
    /// A write fails and nothing is written.
    case writeError
    /// Half of a write arrives, then it fails.
    case shortWrite
    /// The disk is full.
    case full
    /// A sync fails; what was written may or may not survive.
    case syncError
  }

  struct File: Sendable {
    /// What readers see.
    var content: [UInt8] = []
    /// What a crash leaves for certain.
    var durable: [UInt8] = []
  }

  struct State: Sendable {
    var files: [String: File] = [:]
    var fault: Fault?
    var syncs = 0
  }

  let state = Locked(State())

  func inject(_ fault: Fault?) { state.withLock { $0.fault = fault } }

  /// The machine loses power: of what was not synced, a random part survives, torn at a page.
  func crash(using generator: inout SeededGenerator) {
    var generatorCopy = generator
    state.withLock { state in
      for name in state.files.keys.sorted() {
        guard var file = state.files[name] else { continue }
        var survived = file.durable
        let extra = file.content.count - file.durable.count
        if extra > 0 {
          let kept = Int.random(in: 0...extra, using: &generatorCopy)
          survived += file.content[file.durable.count..<file.durable.count + kept]
          // A torn page: the last of the kept bytes are garbage.
          for place in survived.indices.suffix(min(kept, 512)) where kept > 0 {
            survived[place] = UInt8.random(in: 0...255, using: &generatorCopy)
          }
        }
        file.content = survived
        file.durable = survived
        state.files[name] = file
      }
      state.fault = nil
    }
    generator = generatorCopy
  }

  /// Flips a bit of a file, as a failing disk does.
  func corrupt(_ name: String, at offset: Int) {
    state.withLock { state in
      state.files[name]?.content[offset] ^= 1
      // What was never synced is not there to be flipped.
      if let durable = state.files[name]?.durable, offset < durable.count {
        state.files[name]?.durable[offset] ^= 1
      }
    }
  }

  func names() -> [String] { state.withLock { $0.files.keys.sorted() } }
  func content(_ name: String) -> [UInt8]? { state.withLock { $0.files[name]?.content } }
  var syncs: Int { state.withLock { $0.syncs } }

  func open(_ name: String) throws -> any ShardFile {
    state.withLock { state in
      if state.files[name] == nil { state.files[name] = File() }
    }
    return FaultyFile(system: self, name: name)
  }

  func remove(_ name: String) throws { state.withLock { $0.files[name] = nil } }
  func list() throws -> [String] { names() }
}

private final class FaultyFile: ShardFile {
  let system: FaultyFileSystem
  let name: String

  init(system: FaultyFileSystem, name: String) {
    self.system = system
    self.name = name
  }

  func read(at offset: UInt64, count: Int) throws -> [UInt8] {
    let content = system.content(name) ?? []
    return Array(content.dropFirst(Int(offset)).prefix(count))
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    let data = Array(bytes)
    // Faults concern shards; the sidecars are not worth one.
    let failure: ShardFileError? = system.state.withLock { state in
      let fault = name.hasSuffix(".shard") ? state.fault : nil
      if case .syncError = fault {} else if fault != nil { state.fault = nil }
      switch fault {
      case .writeError: return .failed(call: "pwrite", errorNumber: 5)
      case .full: return .full
      case .shortWrite:
        Self.put(
          data.prefix(data.count / 2), at: Int(offset), in: &state.files[name, default: .init()])
        return .short(expected: data.count, done: data.count / 2)
      case .syncError, nil:
        Self.put(data[...], at: Int(offset), in: &state.files[name, default: .init()])
        return nil
      }
    }
    if let failure { throw failure }
  }

  private static func put(
    _ data: ArraySlice<UInt8>, at offset: Int, in file: inout FaultyFileSystem.File
  ) {
    if file.content.count < offset + data.count {
      file.content += [UInt8](repeating: 0, count: offset + data.count - file.content.count)
    }
    file.content.replaceSubrange(offset..<offset + data.count, with: data)
  }

  func sync() throws {
    let fails = system.state.withLock { state in
      state.syncs += 1
      if case .syncError = state.fault {
        state.fault = nil
        return true
      }
      let written = state.files[name]?.content ?? []
      state.files[name]?.durable = written
      return false
    }
    if fails { throw ShardFileError.failed(call: "fdatasync", errorNumber: 5) }
  }

  func truncate(to length: UInt64) throws {
    system.state.withLock { state in
      guard var file = state.files[name] else { return }
      let count = Int(length)
      file.content = Array(file.content.prefix(count))
      file.durable = Array(file.durable.prefix(count))
      state.files[name] = file
    }
  }

  func length() throws -> UInt64 { UInt64(system.content(name)?.count ?? 0) }
}
