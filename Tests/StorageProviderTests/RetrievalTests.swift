import Cryptography
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport
import Testing

@Suite struct RetrievalTests {
  private let chunk = [UInt8](repeating: 6, count: 5_000)

  /// Demands leaf 1 of what the provider acknowledged.
  private func demand(_ fixture: ProviderFixture) async throws -> Signed<Acknowledgement> {
    let (response, _) = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk)
    guard case .appended(let acknowledgement) = response else { throw Missing() }
    let id = RetrievalID(number: 4)
    fixture.ledger.put(
      StorageKeys.retrieval(id),
      RetrievalRecord(
        id: id, requester: .zero, provider: fixture.key.accountID,
        demand: ForceRetrieval(
          acknowledgement: acknowledgement, firstLeaf: 1, leafCount: 4), askedAt: .genesis))
    return acknowledgement
  }

  @Test func acknowledgedBytesAreShown() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    let acknowledgement = try await demand(fixture)
    // It may have grown since.
    _ = try await fixture.ask(fixture.appendOrder(chunk, after: chunk), tail: chunk)
    try await fixture.service.answerer.step()
    try await fixture.service.answerer.step()
    guard fixture.ledger.payloads.count == 1,
      case .answerRetrieval(let answer)? = fixture.ledger.payloads.last,
      case .leaves(let bytes, let proof) = answer.answer
    else {
      Issue.record("\(fixture.ledger.payloads)")
      return
    }
    #expect(bytes == Array(chunk[1_024...]))
    let hashes = bytes.withUnsafeBytes { ShardHashes.leafHashes(of: $0, leafBytes: 1_024) }
    #expect(
      MerkleTree.root(rangeLeafHashes: hashes, start: 1, count: 5, proof: proof)
        == acknowledgement.message.order.runningRoot)
  }

  @Test func whatTheCustomerDroppedIsAnsweredWithTheOrder() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    _ = try await demand(fixture)
    let drop = fixture.control(.dropStaged(segment: 1, slot: 0))
    #expect(try await fixture.ask(drop).0 == .done)
    try await fixture.service.answerer.step()
    guard case .control(let order) = drop else { return }
    #expect(
      fixture.ledger.payloads == [
        .answerRetrieval(
          AnswerRetrieval(retrieval: RetrievalID(number: 4), answer: .dropped(order)))
      ])
  }
}
