import ServiceKit
import StorageService

/// The services that exist. Closed on purpose: a service is one folder and one case here.
package enum ServiceCatalogue: String, CaseIterable, Sendable {
  case storage

  /// The service's pure half.
  package var module: any ServiceModule {
    switch self {
    case .storage: StorageModule()
    }
  }

  /// All services, as a ledger takes them.
  package static var modules: [any ServiceModule] { allCases.map(\.module) }
}
