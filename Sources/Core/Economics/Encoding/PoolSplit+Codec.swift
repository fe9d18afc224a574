import Primitives

// How what is emitted is divided, on the wire.
extension PoolSplit {
  static func fields(_ x: inout PoolSplit, _ a: inout RuleArchive) throws(CodecError) {
    try a.list(&x.pools, blank: Pool("", .perMillion(0), .bucket)) { (x, a) throws(CodecError) in
      try a.text(&x.name)
      try Pool.Portion.fields(&x.portion, &a)
      try Pool.Recipients.fields(&x.recipients, &a)
      try a.flag(&x.vests)
    }
    try a.text(&x.residual)
    try Pool.Recipients.fields(&x.residualRecipients, &a)
  }
}

extension Pool.Portion {
  static func fields(_ x: inout Pool.Portion, _ a: inout RuleArchive) throws(CodecError) {
    var (kind, parts, most) = (UInt8(0), UInt64(0), UInt64(0))
    var (amount, name, credits) = (Amount.zero, "", Credits.zero)
    switch x {
    case .perMillion(let p): parts = p
    case .fixed(let fixed): (kind, amount) = (1, fixed)
    case .votes(let candidate): (kind, name) = (2, candidate)
    case .usage(let r, let p, let m): (kind, name, parts, most) = (3, r, p, m)
    case .cappedWork(let p, let r, let c): (kind, parts, name, credits) = (4, p, r, c)
    }
    switch try a.choice(kind, of: 5, type: "Pool.Portion") {
    case 0:
      try a.value(&parts)
      x = .perMillion(parts)
    case 1:
      try a.value(&amount)
      x = .fixed(amount)
    case 2:
      try a.text(&name)
      x = .votes(candidate: name)
    case 3:
      try a.text(&name)
      try a.value(&parts)
      try a.value(&most)
      x = .usage(role: name, perMillion: parts, atMostPerMillion: most)
    default:
      try a.value(&parts)
      try a.text(&name)
      try a.value(&credits)
      x = .cappedWork(perMillion: parts, role: name, creditsPerUnit: credits)
    }
  }
}

extension Pool.Recipients {
  static func fields(_ x: inout Pool.Recipients, _ a: inout RuleArchive) throws(CodecError) {
    var (kind, role, weight) = (UInt8(0), "", Weight([]))
    var inner = PoolSplit([], residual: "")
    switch x {
    case .bucket: break
    case .burn: kind = 1
    case .accounts(let r, let w): (kind, role, weight) = (2, r, w)
    case .split(let split): (kind, inner) = (3, split)
    }
    switch try a.choice(kind, of: 4, type: "Pool.Recipients") {
    case 0: x = .bucket
    case 1: x = .burn
    case 2:
      try a.text(&role)
      try Weight.fields(&weight, &a)
      x = .accounts(role: role, weight: weight)
    default:
      try PoolSplit.fields(&inner, &a)
      x = .split(inner)
    }
  }
}

extension Weight {
  static func fields(_ x: inout Weight, _ a: inout RuleArchive) throws(CodecError) {
    try a.list(&x.factors, blank: Factor(.equal)) { (x, a) throws(CodecError) in
      let all = Measure.allCases
      let place = UInt8(all.firstIndex(of: x.measure) ?? 0)
      x.measure = all[Int(try a.choice(place, of: UInt8(all.count), type: "Weight.Measure"))]
      try a.value(&x.root)
      try a.value(&x.minimumPerMillion)
    }
    try a.value(&x.countsFrom)
  }
}
