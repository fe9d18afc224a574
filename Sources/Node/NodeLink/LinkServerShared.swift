import Locks
import Logging
import NIOCore
import Primitives

/// What all connections of a server share.
final class LinkServerShared: Sendable {
  let limits: LinkServerLimits
  let handler: LinkServer.PayloadHandler
  let orderingKey: (@Sendable (ByteBuffer) -> UInt64?)?
  let logger: Logger
  private let state = Locked(State())

  private struct State {
    var connections: [ObjectIdentifier: any Channel] = [:]
    var dispatchers: [ObjectIdentifier: Task<Void, Never>] = [:]
    var callsInFlight = 0
    var isClosing = false
  }

  init(
    limits: LinkServerLimits, orderingKey: (@Sendable (ByteBuffer) -> UInt64?)?, logger: Logger,
    handler: @escaping LinkServer.PayloadHandler
  ) {
    self.limits = limits
    self.orderingKey = orderingKey
    self.logger = logger
    self.handler = handler
  }

  /// Counts a connection in; false when there are too many or the server is closing.
  func admit(_ channel: any Channel) -> Bool {
    state.withLock { state in
      guard !state.isClosing, state.connections.count < limits.connections else { return false }
      state.connections[ObjectIdentifier(channel)] = channel
      return true
    }
  }

  func remove(_ channel: any Channel) {
    state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
  }

  /// Keeps a connection's dispatcher until it has run out.
  func add(_ dispatcher: Task<Void, Never>, for channel: any Channel) {
    let key = ObjectIdentifier(channel)
    state.withLock { $0.dispatchers[key] = dispatcher }
  }

  func removeDispatcher(for channel: any Channel) {
    state.withLock { $0.dispatchers[ObjectIdentifier(channel)] = nil }
  }

  /// Runs the handler and turns what it throws into a refusal.
  func answer(_ call: ReceivedCall, from peer: AccountID) async -> Result<LinkPayload, LinkRefusal>
  {
    guard takeCallSlot() else {
      let text = "This node has \(limits.callsInFlightInTotal) calls in hand; try again."
      return .failure(LinkRefusal(code: LinkRefusal.busyCode, text: text))
    }
    defer { state.withLock { $0.callsInFlight -= 1 } }
    do {
      let answer = try await handler(peer, call.body)
      guard answer.readableBytes <= LinkFrame.maximumBodyBytes else {
        throw LinkError.bodyTooLarge(
          bytes: answer.readableBytes, limit: LinkFrame.maximumBodyBytes)
      }
      return .success(answer)
    } catch let refusal as LinkRefusal {
      return .failure(refusal)
    } catch {
      logger.error("A link request failed.", metadata: ["peer": "\(peer)", "error": "\(error)"])
      return .failure(
        LinkRefusal(code: LinkRefusal.internalCode, text: "The node failed to answer."))
    }
  }

  private func takeCallSlot() -> Bool {
    state.withLock { state in
      guard state.callsInFlight < limits.callsInFlightInTotal else { return false }
      state.callsInFlight += 1
      return true
    }
  }

  /// How many connections are open.
  var connectionCount: Int { state.withLock { $0.connections.count } }

  /// Refuses new connections; returns those that are open.
  func beginClosing() -> [any Channel] {
    state.withLock { state in
      state.isClosing = true
      return Array(state.connections.values)
    }
  }

  /// The dispatchers of all connections, broken ones with calls in hand included.
  var dispatchers: [Task<Void, Never>] { state.withLock { Array($0.dispatchers.values) } }
}
