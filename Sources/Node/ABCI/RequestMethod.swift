import NIOCore

/// The calls of ABCI 2.0; the raw value is the request's number in the `Request` oneof.
package enum RequestMethod: Int, CaseIterable, Hashable, Sendable {
  case echo = 1
  case flush = 2
  case info = 3
  case initChain = 5
  case query = 6
  case checkTransaction = 8
  case commit = 11
  case listSnapshots = 12
  case offerSnapshot = 13
  case loadSnapshotChunk = 14
  case applySnapshotChunk = 15
  case prepareProposal = 16
  case processProposal = 17
  case extendVote = 18
  case verifyVoteExtension = 19
  case finalizeBlock = 20

  /// The method of a request's bytes, by their first field; nil when that is no method.
  package init?(peeking frame: ByteBuffer) {
    var tag = 0
    for (index, byte) in frame.readableBytesView.prefix(3).enumerated() {
      tag |= Int(byte & 0x7F) << (7 * index)
      if byte < 0x80 { break }
    }
    guard tag & 7 == 2 else { return nil }
    self.init(rawValue: tag >> 3)
  }

  /// The response's number in the `Response` oneof.
  package var responseNumber: Int { rawValue + 1 }

  /// Whether it only reads the committed state, so that calls may overlap on one connection.
  package var onlyReads: Bool {
    switch self {
    case .echo, .flush, .query, .checkTransaction, .listSnapshots, .loadSnapshotChunk: true
    default: false
    }
  }

  /// Whether it is answered in microseconds, so that several are worth one change of threads.
  package var isShort: Bool {
    switch self {
    case .echo, .flush, .checkTransaction: true
    default: false
    }
  }

  /// Whether a fault of the application is answered by a code instead of an exception, since an
  /// exception on any connection ends the node.
  package var answersFaultsByCode: Bool { self == .query || self == .checkTransaction }
}
