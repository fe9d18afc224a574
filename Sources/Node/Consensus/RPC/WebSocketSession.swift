import Cryptography
import LedgerStore
import Logging
import NIOCore
import NIOWebSocket
import Primitives

/// One client's calls and subscriptions over a WebSocket.
///
/// Every subscription has a bounded queue. A client that does not read stops its writes, its queues
/// fill, and it is disconnected: it never holds back a block nor another client.
actor WebSocketSession {
  private let dispatcher: RPCDispatcher
  private let channel: any Channel
  private let subscriptionLimit: Int
  private let logger: Logger
  private var subscriptions: [String: Task<Void, Never>] = [:]

  init(
    dispatcher: RPCDispatcher, channel: any Channel, subscriptionLimit: Int, logger: Logger
  ) {
    self.dispatcher = dispatcher
    self.channel = channel
    self.subscriptionLimit = subscriptionLimit
    self.logger = logger
  }

  /// Answers texts until the client is gone.
  func run(_ texts: AsyncStream<[UInt8]>) async {
    for await text in texts {
      if let answer = await answer(text) { await send(answer) }
    }
    for task in subscriptions.values { task.cancel() }
    subscriptions = [:]
  }

  private func answer(_ text: [UInt8]) async -> JSONValue? {
    let request: RPCRequest
    let call: JSONValue
    do {
      call = try JSONParser.parse(text)
      request = try RPCRequest(call)
    } catch let error as RPCError {
      return RPCDispatcher.failure(id: nil, error)
    } catch {
      return RPCDispatcher.failure(id: nil, .parse("\(error)"))
    }
    guard let id = request.id else { return nil }
    do throws(RPCError) {
      switch request.method {
      case "subscribe":
        try subscribe(query(request), id: id)
        return RPCDispatcher.success(id: id, [:])
      case "unsubscribe":
        try unsubscribe(query(request))
        return RPCDispatcher.success(id: id, [:])
      case "unsubscribe_all":
        if subscriptions.isEmpty { throw .internal("subscription not found") }
        for task in subscriptions.values { task.cancel() }
        subscriptions = [:]
        return RPCDispatcher.success(id: id, [:])
      default: return await dispatcher.answer(call: call).json
      }
    } catch {
      return RPCDispatcher.failure(id: id, error)
    }
  }

  private func query(_ request: RPCRequest) throws(RPCError) -> String {
    try RPCArguments(json: request.parameters, names: ["query"]).text("query")
  }

  private func unsubscribe(_ query: String) throws(RPCError) {
    guard let task = subscriptions.removeValue(forKey: query) else {
      throw .internal("subscription not found")
    }
    task.cancel()
  }

  private func subscribe(_ query: String, id: JSONValue) throws(RPCError) {
    guard subscriptions[query] == nil else { throw .internal("already subscribed") }
    guard subscriptions.count < subscriptionLimit else {
      throw .internal("max_subscriptions_per_client \(subscriptionLimit) reached")
    }
    let parsed = try EventQuery(query)
    guard parsed.name == "tm.event", case .text(let kind) = parsed.value,
      let shape = EventShape(rawValue: kind)
    else {
      throw .internal(
        "Solo has tm.event='NewBlock', 'NewBlockHeader' and 'Tx', not \(query.prefix(100))")
    }
    let blocks = dispatcher.methods.driver.events.subscribe()
    let reader = dispatcher.methods.reader
    subscriptions[query] = Task {
      for await block in blocks {
        for message in shape.messages(block, reader: reader) {
          let result: JSONValue = [
            "query": .string(query), "data": message.data, "events": message.events,
          ]
          await self.send(RPCDispatcher.success(id: id, result))
        }
      }
      if !Task.isCancelled { self.dropSlowClient() }
    }
  }

  private func dropSlowClient() {
    logger.notice("a WebSocket client reads too slowly and is disconnected")
    channel.close(promise: nil)
  }

  /// Sends a text and waits until the socket has taken it.
  private nonisolated func send(_ value: JSONValue) async {
    let frame = WebSocketFrame(
      fin: true, opcode: .text, data: channel.allocator.buffer(bytes: value.bytes))
    try? await channel.writeAndFlush(frame).get()
  }
}

/// What a subscriber is told of a block.
enum EventShape: String, Sendable {
  case newBlock = "NewBlock"
  case newBlockHeader = "NewBlockHeader"
  case transaction = "Tx"

  /// One notification.
  struct Message: Sendable {
    let data: JSONValue
    let events: JSONValue
  }

  func messages(_ block: CommittedBlock, reader: ChainReader) -> [Message] {
    let previous = try? reader.previous(of: block.block.header.height)
    switch self {
    case .newBlock: return [newBlock(block, previous: previous, chainName: reader.chainName)]
    case .newBlockHeader:
      let header = RPCShapes.header(
        block.block.header, chainName: reader.chainName, previous: previous?.header)
      return [message("NewBlockHeader", ["header": header])]
    case .transaction:
      return block.block.items.indices.dropFirst().map { index in
        transaction(CommittedItem(block: block, index: index))
      }
    }
  }

  private func message(_ kind: String, _ value: JSONValue) -> Message {
    Message(
      data: ["type": .string("tendermint/event/\(kind)"), "value": value],
      events: ["tm.event": [.string(kind)]])
  }

  private func newBlock(
    _ block: CommittedBlock, previous: StoredBlock?, chainName: String
  ) -> Message {
    let results = RPCShapes.results(block.results)
    return message(
      "NewBlock",
      [
        "block": RPCShapes.block(block.block, chainName: chainName, previous: previous),
        "block_id": RPCShapes.blockID(block.block.header),
        "result_finalize_block": [
          "events": results.block, "tx_results": results.items, "validator_updates": [],
          "app_hash": RPCShapes.base64(block.results.stateRoot.bytes),
        ],
      ])
  }

  private func transaction(_ item: CommittedItem) -> Message {
    let hash = RPCShapes.hash(Digest.sha256(item.bytes))
    return Message(
      data: [
        "type": "tendermint/event/Tx",
        "value": [
          "TxResult": [
            "height": RPCShapes.text(item.height), "index": .number("\(item.index)"),
            "tx": RPCShapes.base64(item.bytes),
            "result": RPCShapes.result(item.result, events: item.events),
          ]
        ],
      ],
      events: [
        "tm.event": ["Tx"], "tx.hash": [hash], "tx.height": [RPCShapes.text(item.height)],
      ])
  }
}
