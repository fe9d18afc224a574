import Primitives

/// Why a provider does not do what it is asked. Codes are stable; the detail is for people.
package struct StorageRefusal: Error, Hashable, Sendable, CanonicalCodable,
  CustomStringConvertible
{
  /// The stable reasons.
  package enum Code: UInt16, CaseIterable, Sendable {
    /// The message is not canonical.
    case malformed = 1
    /// For another chain or another provider.
    case misdirected = 2
    /// Not signed by whom it must be signed.
    case notAuthorized = 3
    /// The order is void: its time has passed.
    case expired = 4
    /// The ledger has no such lease, or it is closed.
    case unknownLease = 5
    /// The ledger does not show this provider in that slot of that group.
    case notThisSlot = 6
    /// A gateway with a higher fencing epoch has taken over.
    case fenced = 7
    /// The append does not begin where the shard ends; ``StorageRefusal/number`` says where.
    case wrongOffset = 8
    /// The bytes do not hash to the running root that was signed.
    case wrongRoot = 9
    /// More bytes or fewer than the order says.
    case wrongLength = 10
    /// The provider's disk quota is used up.
    case diskQuota = 11
    /// The disk is full.
    case diskFull = 12
    /// The disk failed.
    case diskError = 13
    /// The provider's transfer cap of this month is used up.
    case transferCap = 14
    /// Outside of the provider's hours.
    case hours = 15
    /// More than the provider's rate; try again soon.
    case rate = 16
    /// The lease's staging reserve does not cover more staged bytes.
    case stagingReserve = 17
    /// No such shard, or not that many bytes of it.
    case unknownShard = 18
    /// The shard is damaged here; read the others.
    case damaged = 19
    /// Too much was read and not yet paid; send a voucher.
    case paymentDue = 20
    /// The voucher is not valid, or not more than the last.
    case badVoucher = 21
    /// No such manifest, or not all of it was sent.
    case unknownManifest = 22
    /// The statement does not agree with what this provider hashed; never signed.
    case disagreement = 23
    /// The provider does not know the ledger's present state; try again soon.
    case notReady = 24
    /// A shard that is sealed in a bundle does not change.
    case sealed = 25
    /// The provider's operator takes no new work.
    case paused = 26

    /// A name such as `disk-quota`.
    package var name: String {
      var text = ""
      for character in "\(self)" {
        if character.isUppercase { text += "-" }
        text += character.lowercased()
      }
      return text
    }
  }

  package let code: Code
  /// What was wrong, with which value, and what to do.
  package let detail: String
  /// A number that the code's meaning asks for; 0 otherwise.
  package let number: UInt64

  package init(_ code: Code, _ detail: String, number: UInt64 = 0) {
    self.code = code
    self.detail = detail
    self.number = number
  }

  package var description: String { "\(code.name) (\(code.rawValue)): \(detail)" }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(code.rawValue)
    encoder.encode(String(decoding: Array(detail.utf8).prefix(1_024), as: UTF8.self))
    encoder.encode(number)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let raw = try decoder.decodeUInt16()
    guard let known = Code(rawValue: raw) else { throw .invalid("unknown refusal code \(raw)") }
    code = known
    detail = try decoder.decodeString(limit: 4_096)
    number = try decoder.decodeUInt64()
  }
}
