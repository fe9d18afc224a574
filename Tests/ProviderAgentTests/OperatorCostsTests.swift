import Primitives
import Testing

@testable import ProviderAgent

/// What a provider costs its operator, to the last base unit.
@Suite struct OperatorCostsTests {
  private func profile(_ change: (inout OperatorProfile) -> Void) -> OperatorProfile {
    var profile = OperatorProfile()
    change(&profile)
    return profile
  }

  private func credits(_ text: String) throws -> Credits { try #require(Credits(decimal: text)) }

  /// 6 W for 30 days at $0.30 is 4.32 kWh: $1.296. A $180 machine over 5 years costs $2.9589 in
  /// that time. 150 GiB of a plan of 100 at $0.60: $30.
  @Test func aMonthOfAHomeNode() throws {
    let costs = try profile {
      $0.milliwatts = 6_000
      $0.tariffPerKWh = "0.30"
      $0.hardwarePrice = "180"
      $0.hardwareLifeDays = 5 * 365
      $0.includedTransferBytes = 100 << 30
      $0.overagePerGiB = "0.60"
    }.costs()
    let month: UInt64 = 30 * 86_400_000
    let bill = try costs.bill(
      milliseconds: month, monthTransferBytes: 150 << 30, monthMilliseconds: month)
    #expect(bill.electricity == (try credits("1.296")))
    #expect(bill.depreciation == (try credits("2.958904109589041096")))
    #expect(bill.data == (try credits("30")))
    #expect(try bill.total() == credits("34.254904109589041096"))
    let half = try costs.bill(
      milliseconds: month / 2, monthTransferBytes: 150 << 30, monthMilliseconds: month)
    #expect(half.data == (try credits("15")))
  }

  @Test func costsAreRoundedUpAndNothingCostsNothing() throws {
    let free = try OperatorProfile().costs().bill(
      milliseconds: .max, monthTransferBytes: .max, monthMilliseconds: 1)
    #expect(try free.total() == .zero)
    let tiny = try profile {
      $0.milliwatts = 1
      $0.tariffPerKWh = "0.000000000000000001"
    }.costs().bill(milliseconds: 1, monthTransferBytes: 0, monthMilliseconds: 1)
    #expect(tiny.electricity.baseUnits == 1)
  }

  @Test func theLargestValuesDoNotTrap() throws {
    let costs = try profile {
      $0.milliwatts = .max
      $0.tariffPerKWh = "1000000000"
      $0.hardwarePrice = "1000000000"
      $0.hardwareLifeDays = 1
      $0.overagePerGiB = "1000000000"
    }.costs()
    _ = try? costs.bill(milliseconds: .max, monthTransferBytes: .max, monthMilliseconds: .max)
  }

  @Test func profilesThatMakeNoSenseNameTheField() throws {
    let bad: [(String, OperatorProfile)] = [
      (
        "tariffPerKWh",
        profile {
          $0.milliwatts = 1
          $0.tariffPerKWh = "-1"
        }
      ),
      ("milliwatts", profile { $0.tariffPerKWh = "0.3" }),
      ("hardwareLifeDays", profile { $0.hardwarePrice = "180" }),
      ("hardwareLifeDays", profile { $0.hardwareLifeDays = 0 }),
      ("overagePerGiB", profile { $0.overagePerGiB = "1e3" }),
    ]
    for (field, profile) in bad {
      let error = #expect(throws: OperatorProfileError.self) { _ = try profile.costs() }
      #expect(error?.field == field)
    }
    let error = #expect(throws: OperatorProfileError.self) {
      _ = try profile { $0.pricePerTiBMonth = "cheap" }.prices()
    }
    #expect(error?.field == "pricePerTiBMonth")
  }

  /// $2.50 a TiB and month is the devnet's usual price, rounded up to the operator's good.
  @Test func pricesArePerGiBAndHour() throws {
    let prices = try profile {
      $0.pricePerTiBMonth = "2.50"
      $0.egressPricePerTiB = "10.24"
    }.prices()
    #expect(prices.stored?.baseUnits == 3_390_842_013_889)
    #expect(prices.egress == (try credits("0.01")))
  }

  @Test func meteredInterfacesAreOffUntilNamed() throws {
    let addresses = [
      NetworkInterfaces.Address(interface: "lo", host: "127.0.0.1"),
      NetworkInterfaces.Address(interface: "eth0", host: "192.0.2.7"),
      NetworkInterfaces.Address(interface: "wwan0", host: "198.51.100.9"),
    ]
    func check(_ host: String, _ allowed: [String] = []) throws {
      try NetworkInterfaces.check(host: host, allowed: allowed, addresses: addresses)
    }
    try check("127.0.0.1")
    try check("192.0.2.7")
    for host in ["198.51.100.9", "0.0.0.0"] {
      let refusal = #expect(throws: MeteredInterfaceError.self) { try check(host) }
      #expect(refusal?.interface == "wwan0")
      try check(host, ["wwan0"])
    }
    #expect(NetworkInterfaces.addresses().contains { $0.host == "127.0.0.1" })
  }
}
