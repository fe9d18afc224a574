/// An error of JSON-RPC with CometBFT's codes and messages.
struct RPCError: Error, Hashable, Sendable {
  let code: Int
  let message: String
  /// What was wrong; nil when the message says it.
  let data: String?

  static func parse(_ reason: String) -> RPCError {
    RPCError(
      code: -32700, message: "Parse error. Invalid JSON",
      data: "error unmarshaling request: \(reason)")
  }

  static func invalidRequest(_ reason: String) -> RPCError {
    RPCError(code: -32600, message: "Invalid Request", data: reason)
  }

  static let methodNotFound = RPCError(code: -32601, message: "Method not found", data: nil)

  static func invalidParameters(_ reason: String, isURI: Bool) -> RPCError {
    RPCError(
      code: -32602, message: "Invalid params",
      data: "error converting \(isURI ? "http" : "json") params to arguments: \(reason)")
  }

  static func `internal`(_ reason: String) -> RPCError {
    RPCError(code: -32603, message: "Internal error", data: reason)
  }

  /// The error's object.
  var json: JSONValue {
    var fields = [
      JSONValue.Field("code", .number("\(code)")), JSONValue.Field("message", .string(message)),
    ]
    if let data { fields.append(JSONValue.Field("data", .string(data))) }
    return .object(fields)
  }
}
