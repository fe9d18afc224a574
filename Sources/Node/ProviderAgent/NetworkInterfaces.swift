import Glibc

/// The machine's network interfaces, and which of them cost by the byte.
package enum NetworkInterfaces {
  /// An interface's address.
  package struct Address: Hashable, Sendable {
    package let interface: String
    /// Numeric, such as `192.0.2.7` or `::1`.
    package let host: String

    package init(interface: String, host: String) {
      self.interface = interface
      self.host = host
    }
  }

  /// The beginnings of names that Linux gives to modems, dial-up links and tethered phones.
  private static let meteredPrefixes = ["ppp", "wwan", "wwp", "wwx", "rmnet", "usb", "enx", "cdc"]

  /// Whether an interface's name is one of those that usually cost by the byte.
  package static func looksMetered(_ name: String) -> Bool {
    meteredPrefixes.contains { name.hasPrefix($0) }
  }

  /// All addresses of interfaces that are up.
  package static func addresses() -> [Address] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: [Address] = []
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let address = entry.ifa_addr, entry.ifa_flags & UInt32(IFF_UP) != 0,
        [AF_INET, AF_INET6].contains(Int32(address.pointee.sa_family))
      else { continue }
      let isFour = Int32(address.pointee.sa_family) == AF_INET
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let size = isFour ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
      guard
        getnameinfo(
          address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      else { continue }
      let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      found.append(
        Address(
          interface: String(cString: entry.ifa_name), host: String(decoding: bytes, as: UTF8.self)))
    }
    return found
  }

  /// Checks that a provider may listen at `host` without traffic that the operator did not allow.
  /// - Parameters:
  ///   - allowed: interfaces that look metered and may be used all the same.
  ///   - addresses: the machine's.
  /// - Throws: ``MeteredInterfaceError``.
  package static func check(
    host: String, allowed: [String], addresses: [Address]
  ) throws(MeteredInterfaceError) {
    let isAny = ["0.0.0.0", "::", "*"].contains(host)
    for address in addresses where isAny || address.host == host {
      guard looksMetered(address.interface), !allowed.contains(address.interface) else { continue }
      throw MeteredInterfaceError(host: host, interface: address.interface)
    }
  }
}

/// A provider was to listen where traffic usually costs by the byte.
package struct MeteredInterfaceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address that it was to listen on.
  package let host: String
  /// The interface that has it.
  package let interface: String

  package var description: String {
    "\(host) would use the interface \(interface), which looks metered and is off by default. "
      + "Allow it with `trellis provider init --metered-interface \(interface)`, or listen on "
      + "another address."
  }
}
