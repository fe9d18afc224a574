import HTTPTypes

/// An answer that S3 gives instead of what was asked: a code that clients know, and words.
package struct S3Error: Error, Hashable, Sendable {
  package let code: Code
  package let message: String
  /// Further elements of the document, such as `BucketName`.
  package var details: [Detail] = []

  /// A further element.
  package struct Detail: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  package init(_ code: Code, _ message: String? = nil, details: [Detail] = []) {
    self.code = code
    self.message = message ?? code.standardMessage
    self.details = details
  }

  /// The HTTP status that goes with the code.
  package var status: HTTPResponse.Status { code.status }
}

extension S3Error {
  /// S3's error codes, as far as this gateway gives them.
  package enum Code: String, Sendable {
    case badRequest = "BadRequest"
    case aclNotSupported = "AccessControlListNotSupported"
    case invalidBucketACLWithOwnership = "InvalidBucketAclWithObjectOwnership"
    case invalidPolicyDocument = "InvalidPolicyDocument"
    case malformedACL = "MalformedACLError"
    case malformedPOST = "MalformedPOSTRequest"
    case missingSecurityHeader = "MissingSecurityHeader"
    case operationAborted = "OperationAborted"
    case unexpectedContent = "UnexpectedContent"
    case unresolvableGrant = "UnresolvableGrantByEmailAddress"
    case userKeyMustBeSpecified = "UserKeyMustBeSpecified"
    case accessDenied = "AccessDenied"
    case accessForbidden = "AccessForbidden"
    case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
    case authorizationQueryParametersError = "AuthorizationQueryParametersError"
    case badDigest = "BadDigest"
    case bucketAlreadyExists = "BucketAlreadyExists"
    case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
    case bucketNotEmpty = "BucketNotEmpty"
    case conditionalRequestConflict = "ConditionalRequestConflict"
    case entityTooLarge = "EntityTooLarge"
    case entityTooSmall = "EntityTooSmall"
    case incompleteBody = "IncompleteBody"
    case insufficientCredits = "InsufficientCredits"
    case internalError = "InternalError"
    case invalidAccessKeyID = "InvalidAccessKeyId"
    case invalidArgument = "InvalidArgument"
    case invalidBucketName = "InvalidBucketName"
    case invalidDigest = "InvalidDigest"
    case invalidPart = "InvalidPart"
    case invalidPartNumber = "InvalidPartNumber"
    case invalidPartOrder = "InvalidPartOrder"
    case invalidRange = "InvalidRange"
    case invalidRequest = "InvalidRequest"
    case invalidStorageClass = "InvalidStorageClass"
    case invalidTag = "InvalidTag"
    case invalidURI = "InvalidURI"
    case keyTooLong = "KeyTooLongError"
    case malformedTrailer = "MalformedTrailerError"
    case malformedXML = "MalformedXML"
    case metadataTooLarge = "MetadataTooLarge"
    case methodNotAllowed = "MethodNotAllowed"
    case missingContentLength = "MissingContentLength"
    case missingRequestBody = "MissingRequestBodyError"
    case noSuchBucket = "NoSuchBucket"
    case noSuchBucketPolicy = "NoSuchBucketPolicy"
    case noSuchCORSConfiguration = "NoSuchCORSConfiguration"
    case noSuchKey = "NoSuchKey"
    case noSuchLifecycleConfiguration = "NoSuchLifecycleConfiguration"
    case noSuchPublicAccessBlock = "NoSuchPublicAccessBlockConfiguration"
    case noSuchTagSet = "NoSuchTagSet"
    case noSuchUpload = "NoSuchUpload"
    case noSuchVersion = "NoSuchVersion"
    case noSuchWebsiteConfiguration = "NoSuchWebsiteConfiguration"
    case notImplemented = "NotImplemented"
    case objectLockNotFound = "ObjectLockConfigurationNotFoundError"
    case ownershipControlsNotFound = "OwnershipControlsNotFoundError"
    case preconditionFailed = "PreconditionFailed"
    case replicationNotFound = "ReplicationConfigurationNotFoundError"
    case requestTimeTooSkewed = "RequestTimeTooSkewed"
    case encryptionNotFound = "ServerSideEncryptionConfigurationNotFoundError"
    case serviceUnavailable = "ServiceUnavailable"
    case signatureDoesNotMatch = "SignatureDoesNotMatch"
    case slowDown = "SlowDown"
    case tooManyBuckets = "TooManyBuckets"
    case contentSHA256Mismatch = "XAmzContentSHA256Mismatch"
    case notModified = "NotModified"

    /// The HTTP status.
    package var status: HTTPResponse.Status {
      switch self {
      case .accessDenied, .accessForbidden, .invalidAccessKeyID, .requestTimeTooSkewed,
        .signatureDoesNotMatch, .insufficientCredits:
        .forbidden
      case .bucketAlreadyExists, .bucketAlreadyOwnedByYou, .bucketNotEmpty,
        .conditionalRequestConflict, .operationAborted:
        .conflict
      case .noSuchBucket, .noSuchBucketPolicy, .noSuchCORSConfiguration, .noSuchKey,
        .noSuchLifecycleConfiguration, .noSuchPublicAccessBlock, .noSuchTagSet, .noSuchUpload,
        .noSuchVersion, .noSuchWebsiteConfiguration, .objectLockNotFound,
        .ownershipControlsNotFound, .replicationNotFound, .encryptionNotFound:
        .notFound
      case .internalError: .internalServerError
      case .serviceUnavailable, .slowDown: .serviceUnavailable
      case .notImplemented: .notImplemented
      case .methodNotAllowed: .methodNotAllowed
      case .missingContentLength: .lengthRequired
      case .preconditionFailed: .preconditionFailed
      case .invalidRange, .invalidPartNumber: .rangeNotSatisfiable
      case .notModified: .notModified
      default: .badRequest
      }
    }
  }
}

extension S3Error.Code {
  /// What S3 says when there is nothing particular to say.
  var standardMessage: String {
    switch self {
    case .accessDenied: "Access Denied"
    case .badDigest: "The Content-MD5 you specified did not match what we received."
    case .bucketAlreadyExists:
      "The requested bucket name is not available. Please select a different name and try again."
    case .bucketAlreadyOwnedByYou:
      "Your previous request to create the named bucket succeeded and you already own it."
    case .bucketNotEmpty: "The bucket you tried to delete is not empty"
    case .contentSHA256Mismatch:
      "The provided 'x-amz-content-sha256' header does not match what was computed."
    case .entityTooLarge: "Your proposed upload exceeds the maximum allowed size"
    case .entityTooSmall: "Your proposed upload is smaller than the minimum allowed size"
    case .incompleteBody:
      "You did not provide the number of bytes specified by the Content-Length HTTP header"
    case .internalError: "We encountered an internal error. Please try again."
    case .invalidAccessKeyID:
      "The AWS Access Key Id you provided does not exist in our records."
    case .invalidBucketName: "The specified bucket is not valid."
    case .invalidDigest: "The Content-MD5 you specified was invalid."
    case .invalidPart:
      "One or more of the specified parts could not be found. The part may not have been "
        + "uploaded, or the specified entity tag may not match the part's entity tag."
    case .invalidPartOrder:
      "The list of parts was not in ascending order. Parts must be ordered by part number."
    case .invalidRange: "The requested range is not satisfiable"
    case .invalidURI: "Couldn't parse the specified URI."
    case .keyTooLong: "Your key is too long"
    case .malformedXML:
      "The XML you provided was not well-formed or did not validate against our published schema"
    case .metadataTooLarge:
      "Your metadata headers exceed the maximum allowed metadata size"
    case .methodNotAllowed: "The specified method is not allowed against this resource."
    case .missingContentLength: "You must provide the Content-Length HTTP header."
    case .missingRequestBody: "Request Body is empty"
    default: laterMessage
    }
  }

  private var laterMessage: String {
    switch self {
    case .noSuchBucket: "The specified bucket does not exist"
    case .noSuchBucketPolicy: "The bucket policy does not exist"
    case .noSuchCORSConfiguration: "The CORS configuration does not exist"
    case .noSuchKey: "The specified key does not exist."
    case .noSuchLifecycleConfiguration: "The lifecycle configuration does not exist"
    case .noSuchPublicAccessBlock: "The public access block configuration was not found"
    case .noSuchTagSet: "The TagSet does not exist"
    case .noSuchUpload:
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
        + "been aborted or completed."
    case .noSuchVersion: "The specified version does not exist."
    case .noSuchWebsiteConfiguration: "The specified bucket does not have a website configuration"
    case .aclNotSupported: "The bucket does not allow ACLs"
    case .invalidBucketACLWithOwnership:
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    case .malformedACL:
      "The XML you provided was not well-formed or did not validate against our published schema"
    case .malformedPOST: "The body of your POST request is not well-formed multipart/form-data."
    case .operationAborted:
      "A conflicting conditional operation is currently in progress against this resource. "
        + "Please try again."
    case .unexpectedContent: "This request does not support content"
    case .unresolvableGrant:
      "The e-mail address you provided does not match any account on record"
    case .userKeyMustBeSpecified:
      "The bucket POST must contain the specified field name. If it is specified, please check the "
        + "order of the fields."
    case .notImplemented: "A header or query you provided implies functionality that is not served."
    case .objectLockNotFound: "Object Lock configuration does not exist for this bucket"
    case .ownershipControlsNotFound: "The bucket ownership controls were not found"
    case .preconditionFailed: "At least one of the pre-conditions you specified did not hold"
    case .replicationNotFound: "The replication configuration was not found"
    case .requestTimeTooSkewed:
      "The difference between the request time and the current time is too large."
    case .encryptionNotFound: "The server side encryption configuration was not found"
    case .signatureDoesNotMatch:
      "The request signature we calculated does not match the signature you provided. Check your "
        + "key and signing method."
    case .slowDown: "Please reduce your request rate."
    default: rawValue
    }
  }
}
