import Primitives

/// Turns bodies and paths into calls, and results into answers.
struct RPCDispatcher: Sendable {
  /// The most calls of one batch.
  static let batchLimit = 100

  let methods: RPCMethods

  /// An answer to an HTTP request.
  struct Answer: Sendable {
    var status: Int
    var contentType = "application/json"
    var body: [UInt8]
  }

  // MARK: URI form

  /// Answers `GET /method?name=value`.
  func answer(path: String, query: String) async -> Answer {
    let method = String(path.drop { $0 == "/" })
    if method.isEmpty { return listing() }
    if method == "subscribe" || method == "unsubscribe" || method == "unsubscribe_all" {
      return Answer(status: 404, body: Self.failure(id: .number("-1"), .methodNotFound).bytes)
    }
    guard isKnown(method) else {
      return Answer(
        status: 404, contentType: "text/plain; charset=utf-8",
        body: Array("404 page not found\n".utf8))
    }
    do throws(RPCError) {
      let arguments = try RPCArguments(query: query)
      let result = try await methods.call(method, arguments)
      return Answer(status: 200, body: Self.success(id: .number("-1"), result).bytes)
    } catch {
      return Answer(status: 500, body: Self.failure(id: .number("-1"), error).bytes)
    }
  }

  private func isKnown(_ method: String) -> Bool {
    RPCMethods.parameterNames[method] != nil || RPCMethods.unsupported.contains(method)
  }

  private func listing() -> Answer {
    let names = RPCMethods.parameterNames.keys.sorted().map { name in
      let parameters = RPCMethods.parameterNames[name, default: []].map { "\($0)=_" }
      return "\(name)?\(parameters.joined(separator: "&"))"
    }
    let links = names.map { "<a href=\"/\($0)\">/\($0)</a></br>" }.joined()
    return Answer(
      status: 200, contentType: "text/html",
      body: Array("<html><body><br>Available endpoints:<br>\(links)</body></html>".utf8))
  }

  // MARK: JSON form

  /// Answers a POST. An empty body means that there is nothing to answer.
  func answer(body: [UInt8]) async -> Answer {
    if body.isEmpty { return listing() }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONParser.parse(body)
    } catch {
      return Answer(status: 500, body: Self.failure(id: nil, .parse(error.description)).bytes)
    }
    guard case .array(let calls) = value else {
      let answer = await answer(call: value)
      return Answer(
        status: answer.isParseError ? 500 : 200, body: answer.json.map(\.bytes) ?? [])
    }
    return await answer(batch: calls)
  }

  private func answer(batch calls: [JSONValue]) async -> Answer {
    guard calls.count <= Self.batchLimit else {
      let error = RPCError.invalidRequest("a batch has at most \(Self.batchLimit) calls")
      return Answer(status: 400, body: Self.failure(id: nil, error).bytes)
    }
    var answers: [JSONValue] = []
    for call in calls {
      let answer = await answer(call: call)
      if answer.isParseError { return Answer(status: 500, body: answer.json?.bytes ?? []) }
      if let json = answer.json { answers.append(json) }
    }
    switch answers.count {
    case 0: return Answer(status: 200, body: [])
    case 1: return Answer(status: 200, body: answers[0].bytes)
    default: return Answer(status: 200, body: JSONValue.array(answers).bytes)
    }
  }

  /// One call's answer; nothing for a notification.
  func answer(call: JSONValue) async -> (json: JSONValue?, isParseError: Bool) {
    let request: RPCRequest
    do throws(RPCError) {
      request = try RPCRequest(call)
    } catch {
      return (Self.failure(id: nil, error), true)
    }
    guard let id = request.id else { return (nil, false) }
    do throws(RPCError) {
      guard let names = RPCMethods.parameterNames[request.method] else {
        if RPCMethods.unsupported.contains(request.method) {
          throw .internal("\(request.method) is not supported by the Solo driver")
        }
        throw .methodNotFound
      }
      let arguments = try RPCArguments(json: request.parameters, names: names)
      return (Self.success(id: id, try await methods.call(request.method, arguments)), false)
    } catch {
      return (Self.failure(id: id, error), false)
    }
  }

  static func success(id: JSONValue, _ result: JSONValue) -> JSONValue {
    ["jsonrpc": "2.0", "id": id, "result": result]
  }

  static func failure(id: JSONValue?, _ error: RPCError) -> JSONValue {
    guard let id else { return ["jsonrpc": "2.0", "error": error.json] }
    return ["jsonrpc": "2.0", "id": id, "error": error.json]
  }
}

/// A JSON-RPC request. Its version is not looked at, as in CometBFT.
struct RPCRequest: Sendable {
  /// A number or a text; nil for a notification.
  let id: JSONValue?
  let method: String
  let parameters: JSONValue?

  init(_ json: JSONValue) throws(RPCError) {
    guard case .object = json else { throw .parse("a request is an object") }
    switch json["id"] {
    case nil, .null?: id = nil
    case .number(let digits)?: id = .number(digits)
    case .string(let text)?: id = .string(text)
    default: throw .parse("json-rpc ID is of unknown type")
    }
    switch json["method"] {
    case nil, .null?: method = ""
    case .string(let name)?: method = name
    default: throw .parse("method is no string")
    }
    parameters = json["params"]
  }
}
