/// Who may do what with a bucket or an object, besides the owner of the bucket, who may do all.
///
/// S3's model: an owner, and grants of a permission to an account or a group.
struct AccessControlList: Hashable, Sendable {
  enum Permission: String, CaseIterable, Sendable {
    case read = "READ"
    case write = "WRITE"
    case readACL = "READ_ACP"
    case writeACL = "WRITE_ACP"
    case fullControl = "FULL_CONTROL"
  }

  enum Grantee: Hashable, Sendable {
    /// A ledger account in hexadecimal.
    case account(String)
    /// Everybody, requests without a signature included.
    case allUsers
    /// Whoever signs.
    case authenticatedUsers
  }

  struct Grant: Hashable, Sendable {
    let grantee: Grantee
    let permission: Permission
  }

  /// The most grants of one list.
  static let grantLimit = 100
  /// The attribute under which buckets and objects keep their list.
  static let attributeName = "acl"

  /// The owner's ledger account in hexadecimal.
  let owner: String
  /// Groups first, otherwise in the order given.
  let grants: [Grant]

  init(owner: String, grants: [Grant]) {
    self.owner = owner
    self.grants =
      grants.filter { $0.grantee.isGroup } + grants.filter { !$0.grantee.isGroup }
  }

  /// The list of what nobody else may use.
  static func ownerOnly(_ owner: String) -> AccessControlList {
    AccessControlList(
      owner: owner, grants: [Grant(grantee: .account(owner), permission: .fullControl)])
  }

  /// The list that a canned name stands for; nil for a name that is not served.
  static func canned(
    _ name: String, owner: String, bucketOwner: String
  ) -> AccessControlList? {
    var grants = [Grant(grantee: .account(owner), permission: .fullControl)]
    switch name {
    case "private": break
    case "public-read": grants.append(Grant(grantee: .allUsers, permission: .read))
    case "public-read-write":
      grants.append(Grant(grantee: .allUsers, permission: .read))
      grants.append(Grant(grantee: .allUsers, permission: .write))
    case "authenticated-read":
      grants.append(Grant(grantee: .authenticatedUsers, permission: .read))
    case "bucket-owner-read", "bucket-owner-full-control":
      if owner != bucketOwner {
        let permission: Permission = name == "bucket-owner-read" ? .read : .fullControl
        grants.append(Grant(grantee: .account(bucketOwner), permission: permission))
      }
    default: return nil
    }
    return AccessControlList(owner: owner, grants: grants)
  }

  /// Whether a requester has a permission; nil is somebody who did not sign. An owner may always
  /// read and change the list itself.
  func allows(_ permission: Permission, to account: String?) -> Bool {
    if account == owner, permission == .readACL || permission == .writeACL { return true }
    return grants.contains { grant in
      (grant.permission == permission || grant.permission == .fullControl)
        && grant.grantee.covers(account)
    }
  }
}

extension AccessControlList.Grantee {
  private static let groupPrefix = "http://acs.amazonaws.com/groups/global/"

  var isGroup: Bool { if case .account = self { false } else { true } }

  /// The group's address in documents; nil for an account.
  var groupURI: String? {
    switch self {
    case .account: nil
    case .allUsers: Self.groupPrefix + "AllUsers"
    case .authenticatedUsers: Self.groupPrefix + "AuthenticatedUsers"
    }
  }

  /// The group of that address.
  init?(groupURI: String) {
    switch groupURI {
    case Self.groupPrefix + "AllUsers": self = .allUsers
    case Self.groupPrefix + "AuthenticatedUsers": self = .authenticatedUsers
    default: return nil
    }
  }

  fileprivate func covers(_ account: String?) -> Bool {
    switch self {
    case .account(let id): id == account
    case .allUsers: true
    case .authenticatedUsers: account != nil
    }
  }
}

// MARK: As an attribute

extension AccessControlList {
  /// How the list is kept: the owner, then a line for each grant, its permission, a space and its
  /// grantee (`AllUsers`, `AuthenticatedUsers` or an account).
  var text: String {
    var lines = [owner]
    for grant in grants {
      switch grant.grantee {
      case .account(let id): lines.append("\(grant.permission.rawValue) \(id)")
      case .allUsers: lines.append("\(grant.permission.rawValue) AllUsers")
      case .authenticatedUsers: lines.append("\(grant.permission.rawValue) AuthenticatedUsers")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Reads what ``text`` wrote; nil for anything else.
  init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let owner = lines.first, !owner.isEmpty, lines.count <= Self.grantLimit + 1 else {
      return nil
    }
    var grants: [Grant] = []
    for line in lines.dropFirst() {
      let words = line.split(separator: " ")
      guard words.count == 2, let permission = Permission(rawValue: String(words[0])) else {
        return nil
      }
      let grantee: Grantee =
        switch words[1] {
        case "AllUsers": .allUsers
        case "AuthenticatedUsers": .authenticatedUsers
        default: .account(String(words[1]))
        }
      grants.append(Grant(grantee: grantee, permission: permission))
    }
    self.init(owner: String(owner), grants: grants)
  }
}
