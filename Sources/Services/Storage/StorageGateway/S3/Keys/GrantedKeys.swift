import GatewayKit
import HTTPTypes
import Primitives
import StorageService

/// Keys that an identity's owner made for somebody else: what they may do, and what they may spend.
extension S3Call {
  /// A refusal that names the limit.
  private func refusal(_ limit: String, _ value: String, _ text: String) -> S3Error {
    S3Error(
      .accessDenied, text,
      details: [
        S3Error.Detail(name: "Key", value: grant?.name ?? ""),
        S3Error.Detail(name: "Limit", value: limit),
        S3Error.Detail(name: "LimitValue", value: value),
      ])
  }

  /// Checks the key's time, and that the operation is one for such keys at all.
  func checkGrant(_ operation: S3Operation) throws(S3Error) {
    guard let grant else { return }
    if let expiry = grant.expirySeconds, service.configuration.now() / 1_000 >= expiry {
      let time = HTTPDate.iso8601(min(expiry, 253_402_300_799) * 1_000)
      throw refusal("expires", time, "The key \"\(grant.name)\" expired at \(time).")
    }
    guard operation.isForGrantedKeys else {
      throw refusal(
        "operation", operation.rawValue,
        "The key \"\(grant.name)\" reads, writes and lists objects; it may not "
          + "\(operation.rawValue)."
      )
    }
    if let prefix = grant.prefix, operation == .listBuckets {
      throw refusal(
        "prefix", prefix,
        "The key \"\(grant.name)\" is limited to \(prefix); it may not list "
          + "buckets.")
    }
    if operation.listsKeys, !grant.keyPrefix.isEmpty,
      !(query["prefix"] ?? "").utf8.starts(with: grant.keyPrefix.utf8)
    {
      throw refusal(
        "prefix", grant.prefix ?? "",
        "The key \"\(grant.name)\" is limited to \(grant.prefix ?? ""): list with prefix="
          + "\(grant.keyPrefix).")
    }
    for name in ["x-amz-acl"] where !["private", nil].contains(headers.text(name)) {
      throw refusal(
        "operation", name, "The key \"\(grant.name)\" may not let others in.")
    }
    if headers.contains(where: { $0.name.canonicalName.hasPrefix("x-amz-grant-") }) {
      throw refusal(
        "operation", "x-amz-grant", "The key \"\(grant.name)\" may not let others in.")
    }
  }

  /// Checks that the target lies within the key's prefix.
  func checkPlace() throws(S3Error) {
    guard let bucket = target.bucket else { return }
    try checkPlace(bucket: bucket, key: target.key)
  }

  /// The same for a key that the body names.
  func checkPlace(bucket: String, key: [UInt8]?) throws(S3Error) {
    guard let grant, let prefix = grant.prefix else { return }
    let isWithin =
      bucket == grant.bucket && (key.map { $0.starts(with: grant.keyPrefix.utf8) } ?? true)
    guard isWithin else {
      throw refusal(
        "prefix", prefix, "The key \"\(grant.name)\" is limited to \(prefix).")
    }
  }

  // MARK: Money

  /// Takes what an upload costs from the key's budget, before the body is read.
  /// - Returns: what to give back if nothing comes of it.
  func chargeUpload(_ operation: S3Operation) async throws -> KeyBudgets.Charge? {
    guard grant?.monthlyBudgetMicroCredits != nil, operation.uploadsBytes else { return nil }
    let text = headers.text("x-amz-decoded-content-length") ?? headers[.contentLength]
    guard let length = text.flatMap({ UInt64($0) }) else {
      throw S3Error(.missingContentLength)  // What has no known size has no known price.
    }
    return try await charge(storing: length)
  }

  /// Takes a month of storage from the key's budget.
  @discardableResult
  func charge(storing bytes: UInt64) async throws -> KeyBudgets.Charge? {
    try await charge { tariff in try tariff.storage(of: bytes) }
  }

  /// Takes the price of reading from the key's budget.
  func charge(reading bytes: UInt64) async throws {
    _ = try await charge { tariff in try tariff.reading(of: bytes) }
  }

  private func charge(
    _ price: (StorageTariff) throws -> Credits
  ) async throws -> KeyBudgets.Charge? {
    guard let grant, let budget = grant.monthlyBudgetMicroCredits else { return nil }
    guard let payer = requester, let tariff = await tenant.tariff() else {
      throw S3Error(.serviceUnavailable, "The prices are not known yet; try again.")
    }
    // Rounded up: what costs less than a millionth is not free.
    let unit = Credits.baseUnitsPerWhole / 1_000_000
    let cost = try price(tariff).baseUnits
    let micro = UInt64(clamping: cost / unit + (cost % unit == 0 ? 0 : 1))
    let charge = KeyBudgets.Charge(
      key: grant, month: CalendarMonth(milliseconds: service.configuration.now()),
      microCredits: micro)
    guard let spent = try await service.budgets.take(charge, payer: payer) else { return charge }
    throw refusal(
      "budget", "\(Self.credits(budget)) a month",
      "The key \"\(grant.name)\" may spend \(Self.credits(budget)) credits a month and has spent "
        + "\(Self.credits(spent)); this costs \(Self.credits(micro)).")
  }

  private static func credits(_ micro: UInt64) -> String {
    Credits(baseUnits: UInt128(micro) * (Credits.baseUnitsPerWhole / 1_000_000)).description
  }
}

extension S3Operation {
  /// What such a key may do at all: buckets are their owner's affair.
  fileprivate var isForGrantedKeys: Bool {
    switch self {
    case .listBuckets, .headBucket, .getBucketLocation, .listObjects, .listObjectsV2,
      .listObjectVersions, .listMultipartUploads, .deleteObjects, .getObject, .headObject,
      .putObject, .copyObject, .deleteObject, .getObjectTagging, .putObjectTagging,
      .deleteObjectTagging, .getObjectAttributes, .createMultipartUpload, .uploadPart,
      .uploadPartCopy, .completeMultipartUpload, .abortMultipartUpload, .listParts:
      true
    default: false
    }
  }

  fileprivate var listsKeys: Bool {
    switch self {
    case .listObjects, .listObjectsV2, .listObjectVersions, .listMultipartUploads: true
    default: false
    }
  }

  fileprivate var uploadsBytes: Bool { self == .putObject || self == .uploadPart }
}
