import ServiceKit

/// The ledger's own reasons of refusal. Numbers are consensus and are never reused.
///
/// A transaction is checked in this order, and the first failure decides:
/// size and codec (2), chain (10), lane (11), expiry (12), account (16), sequence (13, 14),
/// signature (15), then the operation's own checks in the order in which its function lists them.
extension RejectionCode {
  package static let wrongChain = RejectionCode(10, "wrong-chain")
  package static let badLane = RejectionCode(11, "bad-lane")
  package static let expired = RejectionCode(12, "expired")
  /// The lane is past this sequence: the transaction, or another with its number, was executed.
  package static let sequenceUsed = RejectionCode(13, "sequence-used")
  /// An earlier sequence of the lane is missing.
  package static let sequenceGap = RejectionCode(14, "sequence-gap")
  package static let badSignature = RejectionCode(15, "bad-signature")
  package static let unknownAccount = RejectionCode(16, "unknown-account")
  /// An item that only the block's maker may place, or at the wrong place.
  package static let misplacedItem = RejectionCode(17, "misplaced-item")
  package static let badBeacon = RejectionCode(18, "bad-beacon")
  package static let badBlock = RejectionCode(19, "bad-block")

  package static let insufficientBalance = RejectionCode(30, "insufficient-balance")
  package static let faucetClosed = RejectionCode(31, "faucet-closed")
  package static let zeroAmount = RejectionCode(32, "zero-amount")
  package static let faucetLimit = RejectionCode(33, "faucet-limit")

  package static let providerExists = RejectionCode(50, "provider-exists")
  package static let unknownProvider = RejectionCode(51, "unknown-provider")
  package static let bondTooSmall = RejectionCode(52, "bond-too-small")
  package static let providerNotActive = RejectionCode(53, "provider-not-active")
  package static let notUnbonding = RejectionCode(54, "not-unbonding")
  package static let unbondingRuns = RejectionCode(55, "unbonding-runs")
  package static let providerObliged = RejectionCode(56, "provider-obliged")
  package static let badEndpoint = RejectionCode(57, "bad-endpoint")

  package static let unknownService = RejectionCode(70, "unknown-service")
  package static let emptyPrices = RejectionCode(71, "empty-prices")
  package static let unknownOffer = RejectionCode(72, "unknown-offer")
  package static let unknownOrder = RejectionCode(73, "unknown-order")
  package static let orderTaken = RejectionCode(74, "order-taken")
  package static let notCustomer = RejectionCode(75, "not-customer")
  package static let bidTooHigh = RejectionCode(76, "bid-too-high")
  package static let unknownBid = RejectionCode(77, "unknown-bid")
  package static let notForBids = RejectionCode(78, "not-for-bids")

  package static let unknownLease = RejectionCode(90, "unknown-lease")
  package static let leaseNotOpen = RejectionCode(91, "lease-not-open")
  package static let notParty = RejectionCode(92, "not-party")
  package static let reasonMissing = RejectionCode(93, "reason-missing")
  package static let wrongService = RejectionCode(94, "wrong-service")

  package static let voucherWrongChain = RejectionCode(110, "voucher-wrong-chain")
  package static let voucherNotYours = RejectionCode(111, "voucher-not-yours")
  package static let voucherBadSignature = RejectionCode(112, "voucher-bad-signature")
  package static let voucherNotNewer = RejectionCode(113, "voucher-not-newer")
  package static let escrowEmpty = RejectionCode(114, "escrow-empty")

  package static let notGovernor = RejectionCode(130, "not-governor")
  package static let unknownParameter = RejectionCode(131, "unknown-parameter")
  package static let parameterOutOfBounds = RejectionCode(132, "parameter-out-of-bounds")

  package static let tooLong = RejectionCode(150, "too-long")

  /// Use is fed by transactions on devnets only.
  package static let usageRefused = RejectionCode(340, "usage-refused")
  /// The chain does not settle by a preset.
  package static let noPreset = RejectionCode(341, "no-preset")
  /// The report is for an epoch that has ended, or for one too far ahead.
  package static let usageEpoch = RejectionCode(342, "usage-epoch")
  /// A role, candidate or sub-token that the preset does not have, or a number beyond its bounds.
  package static let usageInvalid = RejectionCode(343, "usage-invalid")
  /// More accounts than an epoch's reports may have together.
  package static let usageTooLarge = RejectionCode(344, "usage-too-large")

  package static let validatorExists = RejectionCode(360, "validator-exists")
  package static let unknownValidator = RejectionCode(361, "unknown-validator")
  package static let consensusKeyUsed = RejectionCode(362, "consensus-key-used")
  package static let commissionOutOfBounds = RejectionCode(363, "commission-out-of-bounds")
  package static let commissionChangeTooLarge = RejectionCode(364, "commission-change-too-large")
  package static let selfStakeTooSmall = RejectionCode(365, "self-stake-too-small")
  package static let stakeTooSmall = RejectionCode(366, "stake-too-small")
  package static let noSuchStake = RejectionCode(367, "no-such-stake")
  package static let notJailed = RejectionCode(368, "not-jailed")
  package static let jailRuns = RejectionCode(369, "jail-runs")
  package static let tombstoned = RejectionCode(370, "tombstoned")
  package static let worthlessStake = RejectionCode(371, "worthless-stake")
  package static let badValidatorName = RejectionCode(372, "bad-validator-name")
  package static let stakeMustStay = RejectionCode(374, "stake-must-stay")
  package static let sameValidator = RejectionCode(375, "same-validator")
  /// A price in a block's item 0 that nobody who may has signed.
  package static let badPrice = RejectionCode(373, "bad-price")
}
