import Foundation
import Hummingbird
import Logging
import Mustache
import Telemetry

/// Serves the live page on loopback: `/`, its updates at `/content`, and the same as JSON.
package struct DashboardServer: Sendable {
  private let port: Int
  private let source: any DashboardSource
  private let library: MustacheLibrary
  private let logger: Logger

  /// A server on `127.0.0.1:port`.
  /// - Throws: when a template is wrong.
  package init(port: Int, source: any DashboardSource, logger: Logger) throws {
    self.port = port
    self.source = source
    self.logger = logger
    library = MustacheLibrary(templates: [
      "page": try MustacheTemplate(string: DashboardTemplates.page),
      "content": try MustacheTemplate(string: DashboardTemplates.content),
    ])
  }

  /// Serves until the task is cancelled; `onRunning` hears the port.
  /// - Throws: when the port is taken.
  package func run(onRunning: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
    let application = Application(
      router: router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { await onRunning($0.localAddress?.port ?? 0) }, logger: logger.forServer)
    try await application.run()
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("/") { _, _ in await html("page") }
    router.get("content") { _, _ in await html("content") }
    router.get("snapshot.json") { _, _ in
      let snapshot = await source.snapshot()
      let text = (try? JSONEncoder().encode(snapshot)) ?? Data("{}".utf8)
      return Self.answer(String(decoding: text, as: UTF8.self), type: "application/json")
    }
    return router
  }

  private func html(_ template: String) async -> Response {
    let now = UInt64(Date().timeIntervalSince1970 * 1000)
    let view = DashboardView(await source.snapshot(), nowMilliseconds: now)
    guard let text = library.render(view, withTemplate: template) else {
      return Self.answer(
        "The page cannot be rendered.", type: "text/plain", status: .internalServerError)
    }
    return Self.answer(text, type: "text/html; charset=utf-8")
  }

  private static func answer(
    _ text: String, type: String, status: HTTPResponse.Status = .ok
  ) -> Response {
    Response(
      status: status,
      headers: [.contentType: type, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
