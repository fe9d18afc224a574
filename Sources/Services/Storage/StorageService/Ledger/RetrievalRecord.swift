import Primitives
import ServiceKit

/// A forced retrieval that waits for its answer.
package struct RetrievalRecord: Hashable, Sendable, CanonicalCodable {
  package let id: RetrievalID
  /// Who demanded it.
  package let requester: AccountID
  package let provider: ProviderID
  package let demand: ForceRetrieval
  package let askedAt: LedgerTime

  package init(
    id: RetrievalID, requester: AccountID, provider: ProviderID, demand: ForceRetrieval,
    askedAt: LedgerTime
  ) {
    self.id = id
    self.requester = requester
    self.provider = provider
    self.demand = demand
    self.askedAt = askedAt
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(id)
    encoder.encode(requester)
    encoder.encode(provider)
    encoder.encode(demand)
    encoder.encode(askedAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    id = try decoder.decode()
    requester = try decoder.decode()
    provider = try decoder.decode()
    demand = try decoder.decode()
    askedAt = try decoder.decode()
  }
}
