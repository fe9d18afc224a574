import Logging

extension Logger {
  /// The logger for an HTTP server of the process. What the server says at level info, that it
  /// listens, the process's own line says better; and that its task was cancelled, which is how it
  /// is told to stop, is no error. Who asks for level debug sees both.
  package var forServer: Logger {
    var logger = self
    if logLevel > .debug { logger.logLevel = max(.notice, logLevel) }
    logger.handler = ServerLogHandler(inner: logger.handler)
    return logger
  }
}

/// Passes on what a server logs, errors of a cancelled task at level debug.
private struct ServerLogHandler: LogHandler {
  var inner: any LogHandler

  var metadata: Logger.Metadata {
    get { inner.metadata }
    set { inner.metadata = newValue }
  }
  var logLevel: Logger.Level {
    get { inner.logLevel }
    set { inner.logLevel = newValue }
  }
  var metadataProvider: Logger.MetadataProvider? {
    get { inner.metadataProvider }
    set { inner.metadataProvider = newValue }
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { inner[metadataKey: key] }
    set { inner[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    guard event.level >= .error, Task.isCancelled else { return inner.log(event: event) }
    var event = event
    event.level = .debug
    if inner.logLevel <= .debug { inner.log(event: event) }
  }
}
