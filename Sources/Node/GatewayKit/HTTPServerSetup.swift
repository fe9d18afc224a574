import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Telemetry

/// How a gateway listens for HTTP/1.1.
///
/// Back-pressure, as found in Hummingbird 2.28.1 and NIO 2.101 and kept by a test: a request's body
/// is an async sequence over `NIOAsyncChannel`, whose inbound side holds at most 10 parts (it asks
/// for more when 2 are left) and then stops passing `read` on to the socket. A part is what one
/// read of the socket brought, at most 64 KiB. So a handler that does not read holds some 640 KiB a
/// connection beside the kernel's socket buffers, and the client's `send` blocks. A body that is
/// not read to its end is read and dropped by Hummingbird after the response, before the next
/// request.
package struct HTTPServerSetup: Sendable {
  /// Why a server is not set up.
  package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    case notLoopback(host: String)

    package var description: String {
      switch self {
      case .notLoopback(let host):
        "\"\(host)\" is not a loopback address; a gateway listens on 127.0.0.1, ::1 or localhost."
      }
    }
  }

  /// The addresses that a gateway listens on.
  package static let loopbackHosts: Set<String> = ["127.0.0.1", "::1", "localhost"]

  package let host: String
  package let port: Int
  /// The `Server` header.
  package var serverName = "trellis"
  /// How long a connection may rest between requests or in the middle of one, in seconds. A head
  /// that trickles in counts as rest.
  package var idleSeconds: Int64 = 60
  /// The most bytes of one header field.
  package var headerFieldBytes = 16 << 10
  /// The most bytes of all header fields together.
  package var headerListBytes = 64 << 10
  /// The most header fields.
  package var headerFieldCount = 200
  /// Connections at once; more wait in the listen queue.
  package var connections = 1024

  /// - Parameter port: 0 takes a free one.
  /// - Throws: ``Failure/notLoopback(host:)``.
  package init(host: String = "127.0.0.1", port: Int) throws {
    guard Self.loopbackHosts.contains(host) else { throw Failure.notLoopback(host: host) }
    self.host = host
    self.port = port
  }

  /// The channel's set-up: limits, idle time-out and ``ContinueHandler``.
  package var server: HTTPServerBuilder {
    .http1(
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [ContinueHandler()], idleTimeout: .seconds(idleSeconds),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: headerFieldBytes, maxHeaderListSize: headerListBytes,
          maxHeaderFieldCount: headerFieldCount)))
  }

  /// The application's set-up: address, name and connection limit.
  package var configuration: ApplicationConfiguration {
    ApplicationConfiguration(
      address: .hostname(host, port: port), serverName: serverName,
      availableConnectionsDelegate: MaximumAvailableConnections(connections))
  }

  /// An application that answers with `responder`. Run it with `run()` in a task, and cancel the
  /// task or shut its service group down gracefully: running requests are then answered first.
  /// - Parameter onRunning: called with the port once the server listens.
  package func application<Responder: HTTPResponder>(
    responder: Responder, logger: Logger,
    onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
  ) -> Application<Responder>
  where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    Application(
      responder: responder, server: server, configuration: configuration,
      onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
      logger: logger.forServer)
  }
}
