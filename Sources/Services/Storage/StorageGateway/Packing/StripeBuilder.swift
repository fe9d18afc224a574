import Cryptography
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Fills one stripe's payload from the queue: header ‖ data ‖ sealed log section.
struct StripeBuilder {
  /// What came out: a payload, the records in it, and who is waiting for it.
  struct Built {
    let payload: StripePayload
    let records: [LogRecord]
    /// Bytes of the sealed log section.
    let logBytes: Int
    /// Who is waiting for this stripe, in order.
    let entries: [PendingEntry]
    /// Whose record each sequence number is, in the records' order.
    let owners: [(sequence: UInt64, entry: PendingEntry)]
  }

  /// The most bytes that one stripe's log records may take, so that data always has room.
  static let logByteLimit = 512 * 1024

  let segment: SegmentID
  let stripe: UInt32
  /// The most bytes a payload can have in this class.
  let capacity: Int
  /// k of the class.
  let dataShards: Int
  let indexKey: SymmetricKeyBytes
  /// What the records say of when they were decided, in milliseconds since 1970.
  let unixMilliseconds: UInt64

  /// Takes entries from the head of `queue` as far as the stripe reaches; an entry that fits only
  /// in part stays at the head. Entries whose mutation is refused fail here and leave only dead
  /// bytes. Returns nil when nothing could be taken.
  func fill(
    from queue: inout [PendingEntry], sequence: inout UInt64, nonce: [UInt8]
  ) throws -> Built? {
    var payload = ByteBuffer()
    let waiting = queue.reduce(0) { min(capacity, $0 + $1.unplacedBytes) }
    payload.reserveCapacity(min(capacity, waiting + 64 * 1024) + StripeLayout.paddingLimit)
    payload.writeRepeatingByte(0, count: StripeHeader.byteCount)
    var records: [LogRecord] = []
    var entries: [PendingEntry] = []
    var owners: [(sequence: UInt64, entry: PendingEntry)] = []
    var logBytes = SealedLogSection.overheadBytes + 4
    var taken = 0
    filling: while taken < queue.count {
      let entry = queue[taken]
      if wouldBeCut(entry, behind: payload.readableBytes, logBytes: logBytes) { break }
      let joined = place(entry, in: &payload, logBytes: logBytes)
      guard entry.unplacedBytes == 0 else {
        if joined { entries.append(entry) }
        break
      }
      if let makeMutation = entry.makeMutation {
        do {
          let record = LogRecord(
            sequence: sequence, unixMilliseconds: unixMilliseconds,
            mutation: try makeMutation(entry.extents))
          let size = record.canonicalBytes().count
          if payload.readableBytes + logBytes + size > capacity
            || logBytes + size > Self.logByteLimit
            || records.count == LogLimits.recordsPerSection
          {
            if records.isEmpty && payload.readableBytes == StripeHeader.byteCount {
              taken += 1
              entry.fail(
                EngineError.unavailable(reason: "a log record of \(size) bytes is too long"))
              continue filling
            }
            if joined { entries.append(entry) }
            break
          }
          logBytes += size
          records.append(record)
          owners.append((sequence, entry))
          sequence += 1
        } catch {
          taken += 1
          entry.fail(error)
          continue filling
        }
      }
      entry.joins(isWhole: true)
      entries.append(entry)
      taken += 1
    }
    // An entry that stays at the head with some bytes placed waits for this stripe, too.
    if taken < queue.count, let last = entries.last, last === queue[taken] {
      last.joins(isWhole: false)
    }
    queue.removeFirst(taken)
    if entries.isEmpty { return nil }
    do {
      return try finish(
        payload, records: records, entries: entries, owners: owners, nonce: nonce,
        firstSequence: records.first?.sequence ?? sequence)
    } catch {
      // Nobody may be left waiting for a stripe that was never made.
      for entry in entries { entry.fail(error) }
      queue.removeAll { $0.hasFailed }
      throw error
    }
  }

  /// Whether an entry that has no place yet had better begin the next stripe: one that lies in one
  /// stripe is read with one reading, and this stripe has little room left anyway.
  private func wouldBeCut(_ entry: PendingEntry, behind used: Int, logBytes: Int) -> Bool {
    let room = capacity - used - logBytes
    return entry.placedBytes == 0 && entry.unplacedBytes > room && room < capacity / 4
      && entry.unplacedBytes <= capacity - StripeHeader.byteCount - logBytes
  }

  /// Copies as much of the entry's data as fits. Returns whether anything was copied.
  private func place(_ entry: PendingEntry, in payload: inout ByteBuffer, logBytes: Int) -> Bool {
    let room = capacity - payload.readableBytes - logBytes
    let bytes = entry.nextBytes(limit: max(0, room))
    if bytes.readableBytes == 0 { return false }
    let extent = Extent(
      segment: segment.number, stripe: stripe, offset: UInt32(payload.readableBytes),
      length: UInt32(bytes.readableBytes))
    payload.writeImmutableBuffer(bytes)
    entry.place(extent)
    return true
  }

  private func finish(
    _ payload: consuming ByteBuffer, records: [LogRecord], entries: [PendingEntry],
    owners: [(sequence: UInt64, entry: PendingEntry)], nonce: [UInt8], firstSequence: UInt64
  ) throws -> Built {
    let dataBytes = payload.readableBytes - StripeHeader.byteCount
    var logBytes = 0
    if !records.isEmpty {
      let section = try SealedLogSection.seal(
        records, key: indexKey, nonce: nonce, segment: segment, stripe: stripe)
      logBytes = section.count
      payload.writeBytes(section)
    }
    let header = StripeHeader(
      logLength: UInt32(logBytes), dataLength: UInt32(dataBytes),
      firstLogSequence: firstSequence, segment: segment.number)
    payload.setBytes(header.canonicalBytes(), at: payload.readerIndex)
    return Built(
      payload: try StripePayload(payload, dataShards: dataShards), records: records,
      logBytes: logBytes, entries: entries, owners: owners)
  }
}
