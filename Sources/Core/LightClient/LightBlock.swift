import Cryptography
import Primitives

/// A header, who decided it, and the validators of its height: all that a light client reads of a
/// block. Nothing of it is trusted before ``LightClientRules`` says so.
package struct LightBlock: Hashable, Sendable {
  package let header: ConsensusHeader
  package let commit: BlockCommit
  /// The validators of the header's height.
  package let validators: ConsensusValidatorSet

  package init(
    header: ConsensusHeader, commit: BlockCommit, validators: ConsensusValidatorSet
  ) {
    self.header = header
    self.commit = commit
    self.validators = validators
  }

  package var height: UInt64 { header.height }

  /// Whether the three belong together and are of this chain.
  /// - Throws: ``LightClientError/badBlock(height:reason:)``,
  ///   ``LightClientError/otherChain(found:expected:)``.
  package func checkCoherence(chainID: String) throws(LightClientError) {
    guard header.chainID == chainID else {
      throw .otherChain(found: header.chainID, expected: chainID)
    }
    guard header.height > 0, header.height <= UInt64(Int64.max) else {
      throw .badBlock(height: header.height, reason: "it has no height")
    }
    guard header.hashes.proposer.count == 20 else {
      throw .badBlock(height: height, reason: "its proposer's address is not 20 bytes")
    }
    guard commit.height == header.height else {
      throw .badBlock(height: height, reason: "its commit is of height \(commit.height)")
    }
    guard commit.block.isComplete, commit.block.hash == header.hash.bytes else {
      throw .badBlock(height: height, reason: "its commit is not for this header")
    }
    guard header.hashes.validators == validators.hash.bytes else {
      throw .badBlock(height: height, reason: "the validators are not those of its header")
    }
    try checkAbsentPlaces()
  }

  /// Who is absent says nothing: whatever is at its place was added by whoever handed it on.
  private func checkAbsentPlaces() throws(LightClientError) {
    for (index, place) in commit.places.enumerated() where place.vote == .absent {
      guard place.address.isEmpty, place.signature == nil, place.time == .none else {
        throw .badCommit("place \(index) is absent and yet says something")
      }
    }
  }
}
