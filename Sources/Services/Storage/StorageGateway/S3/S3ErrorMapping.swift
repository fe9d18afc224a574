import StorageService

extension S3Error {
  /// What a client is told about any failure.
  init(mapping error: any Error) {
    switch error {
    case let error as S3Error: self = error
    case let refusal as IndexRefusal: self.init(refusal: refusal)
    case let error as EngineError: self.init(engine: error)
    case is CancellationError: self.init(.serviceUnavailable, "The gateway is stopping.")
    default: self.init(.internalError)
    }
  }

  private init(refusal: IndexRefusal) {
    switch refusal {
    case .noSuchBucket: self.init(.noSuchBucket)
    case .bucketExists: self.init(.bucketAlreadyOwnedByYou)
    case .bucketNotEmpty: self.init(.bucketNotEmpty)
    case .noSuchKey: self.init(.noSuchKey)
    case .noSuchUpload: self.init(.noSuchUpload)
    case .noSuchPart: self.init(.invalidPart)
    case .preconditionFailed: self.init(.preconditionFailed)
    }
  }

  private init(engine error: EngineError) {
    switch error {
    case .unavailable(let reason): self.init(.slowDown, reason)
    case .fenced(let reason): self.init(.serviceUnavailable, reason)
    case .unfunded: self.init(.insufficientCredits, error.description)
    case .unreadable: self.init(.serviceUnavailable, error.description)
    case .corrupt: self.init(.internalError, error.description)
    }
  }
}
