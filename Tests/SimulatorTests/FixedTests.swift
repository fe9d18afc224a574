import Simulator
import Testing

/// Arithmetic in steps of 2^-48.
@Suite struct FixedTests {
  @Test(arguments: [
    ("0", "0"), ("12", "12"), ("-0.5", "-0.5"), ("1e6", "1000000"), ("1_000.25", "1000.25"),
    ("2.5e-3", "0.0025"), ("0.000001", "0.000001"), ("1e21", "1000000000000000000000"),
  ])
  func decimalsAreReadAndWritten(text: String, written: String) throws {
    let value = try #require(Fixed(decimal: text))
    #expect(value.exactText == written)
  }

  @Test(arguments: [
    "", "-", ".5", "5.", "1e", "1e41", "nan", "inf", "0x10", "1e22", "１", "1 2", "_1",
  ])
  func otherTextIsRefused(text: String) {
    #expect(Fixed(decimal: text) == nil)
  }

  @Test func productsAndQuotientsAgreeWithWideArithmetic() {
    var stream = RandomStream(seed: 11, run: 0, purpose: .benchmark)
    for _ in 0..<1500 {
      let x = Fixed(raw: Int128(Int64(bitPattern: stream.next())) << Int128(stream.next() % 40))
      let y = Fixed(raw: Int128(Int64(bitPattern: stream.next())) >> Int128(stream.next() % 40))
      let product = x.raw.magnitude.multipliedFullWidth(by: y.raw.magnitude)
      if product.high >> 46 == 0 {
        let exact = Int128((product.high << 80) | (product.low >> 48))
        // Three of the four partial products are cut before they are added.
        let error = (x * y).raw.magnitude.subtractingReportingOverflow(exact.magnitude)
        #expect(!error.overflow && error.partialValue == 0, "\(x.raw) * \(y.raw)")
      }
      guard y.raw != 0 else { continue }
      let dividend = x.raw.magnitude.multipliedFullWidth(by: 1 << 48)
      if dividend.high < y.raw.magnitude >> 2 {
        let exact = y.raw.magnitude.dividingFullWidth(dividend).quotient
        #expect((x / y).raw.magnitude == exact)
        #expect(((x / y).raw < 0) == (exact != 0 && (x.raw < 0) != (y.raw < 0)))
      }
    }
  }

  @Test func whatDoesNotFitStaysAtTheEnd() {
    #expect(Fixed.largest * Fixed(2) == .largest)
    #expect(-Fixed.largest * Fixed(2) == -Fixed.largest)
    #expect(Fixed.largest + Fixed.largest > Fixed.zero)
    #expect(Fixed.one / .zero == .largest)
    #expect(Fixed.one.divided(by: .zero, orIfZero: .zero) == .zero)
    #expect(Fixed.largest / .epsilon == .largest)
  }

  @Test func shortTextsReadWell() {
    let cases = [
      ("0", "0"), ("1234567", "1.23 M"), ("-45600", "−45.6 k"), ("0.000123456", "0.000123"),
      ("999", "999"), ("9999", "9999"), ("2.5e9", "2.5 B"), ("12.5", "12.5"),
    ]
    for (text, short) in cases { #expect(Fixed(decimal: text)?.shortText == short) }
  }

  @Test func functionsAgreeWithTheirInverses() {
    for text in ["0.001", "0.5", "1", "2", "17.25", "1000000"] {
      let x = Fixed(decimal: text) ?? .zero
      let back = FixedMath.exp(FixedMath.ln(x))
      #expect((back - x).magnitude <= x / Fixed(1_000_000_000) + .epsilon + .epsilon, "\(text)")
      let root = FixedMath.squareRoot(x)
      #expect((root * root - x).magnitude <= x / Fixed(1_000_000_000) + .epsilon, "\(text)")
    }
    #expect(FixedMath.logistic(.zero) == Fixed(1, over: 2))
    #expect(FixedMath.power(Fixed(2), Fixed(10)) > Fixed(1023))
    #expect(FixedMath.power(.zero, Fixed(2)) == .zero)
  }
}
