import Foundation
import Primitives
import ServiceKit

/// A number that CometBFT writes as a text in JSON.
struct TextNumber: Decodable, Sendable {
  let value: UInt64

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      guard let number = UInt64(text) else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "“\(text.prefix(40))” is no whole number")
      }
      value = number
    } else {
      value = try container.decode(UInt64.self)
    }
  }
}

/// What every JSON-RPC answer is wrapped in.
struct RPCEnvelope<Result: Decodable & Sendable>: Decodable, Sendable {
  struct Failure: Decodable, Sendable {
    let code: Int
    let message: String
    let data: String?
  }
  let result: Result?
  let error: Failure?
}

/// The answer to `status`, as far as it is used.
struct StatusAnswer: Decodable, Sendable {
  struct NodeInfo: Decodable, Sendable { let network: String }
  struct SyncInfo: Decodable, Sendable {
    let latestBlockHash: String
    let latestAppHash: String
    let latestBlockHeight: TextNumber
    let latestBlockTime: String
    let catchingUp: Bool
  }
  let nodeInfo: NodeInfo
  let syncInfo: SyncInfo
}

/// The answer to `abci_query`.
struct QueryAnswer: Decodable, Sendable {
  struct Response: Decodable, Sendable {
    let code: UInt32
    let log: String
    let value: String?
    let height: TextNumber
    let proofOps: ProofOperations?
  }
  struct ProofOperations: Decodable, Sendable { let ops: [ProofOperation]? }
  struct ProofOperation: Decodable, Sendable {
    let type: String
    let data: String
  }
  let response: Response
}

/// An item's result, in `tx`, `block_results` and `broadcast_tx_commit`.
struct ItemAnswer: Decodable, Sendable {
  struct Event: Decodable, Sendable {
    struct Attribute: Decodable, Sendable {
      let key: String
      let value: String
    }
    let type: String
    let attributes: [Attribute]?

    var serviceEvent: ServiceEvent {
      ServiceEvent(type, (attributes ?? []).map { (name: $0.key, value: $0.value) })
    }
  }
  let code: UInt32
  let log: String
  let events: [Event]?
}

/// The answer to `broadcast_tx_commit`.
struct CommitAnswer: Decodable, Sendable {
  let checkTx: ItemAnswer
  let txResult: ItemAnswer
  let height: TextNumber
}

/// The answer to `tx`.
struct TransactionAnswer: Decodable, Sendable {
  let height: TextNumber
  let index: UInt32
  let txResult: ItemAnswer
}

/// The answer to `block_results`.
struct BlockResultsAnswer: Decodable, Sendable {
  let txsResults: [ItemAnswer]?
  let finalizeBlockEvents: [ItemAnswer.Event]?
}

/// The answer to `header`.
struct HeaderAnswer: Decodable, Sendable {
  struct Header: Decodable, Sendable {
    let height: TextNumber
    let time: String
  }
  let header: Header
}

/// The answer to `block`, as far as it is used.
struct BlockAnswer: Decodable, Sendable {
  struct Block: Decodable, Sendable {
    struct Body: Decodable, Sendable { let txs: [String]? }
    let header: HeaderAnswer.Header
    let data: Body
  }
  let block: Block?
}
