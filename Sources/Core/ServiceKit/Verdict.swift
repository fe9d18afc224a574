import Primitives

/// What a pure, replayable function made of evidence: a score, reasons, and its rule's version.
package struct Verdict: Hashable, Sendable, CanonicalCodable {
  /// 0 (nothing shown) to 10,000 (all of it).
  package let score: UInt16
  /// Stable codes of why, such as `transcript-missing`; for a full score what was shown.
  package let reasons: [String]
  /// The rule that decided, such as `storage-possession/1`.
  package let rule: String
  /// The hash of what was judged.
  package let evidence: Digest

  package init(score: UInt16, reasons: [String], rule: String, evidence: Digest) {
    self.score = score
    self.reasons = reasons
    self.rule = rule
    self.evidence = evidence
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(score)
    encoder.encode(reasons)
    encoder.encode(rule)
    encoder.encode(evidence)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    score = try decoder.decodeUInt16()
    reasons = try decoder.decodeArray(limit: 16)
    rule = try decoder.decodeString(limit: 64)
    evidence = try decoder.decode()
  }
}

/// Why money moved, or why none did: the line that `earnings --explain` prints.
package struct Cause: Hashable, Sendable, CanonicalCodable {
  /// A stable kind, such as `stream`, `egress`, `repair`, `fault`.
  package let kind: String
  /// One sentence for people, with values and units.
  package let text: String
  /// The rule that priced or judged it, such as `storage-possession/1`.
  package let rule: String
  /// The hash of the evidence: a transcript, a voucher, a challenge.
  package let evidence: Digest

  package init(kind: String, text: String, rule: String, evidence: Digest) {
    self.kind = kind
    self.text = text
    self.rule = rule
    self.evidence = evidence
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(kind)
    encoder.encode(text)
    encoder.encode(rule)
    encoder.encode(evidence)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    kind = try decoder.decodeString(limit: 32)
    text = try decoder.decodeString(limit: 512)
    rule = try decoder.decodeString(limit: 64)
    evidence = try decoder.decode()
  }
}
