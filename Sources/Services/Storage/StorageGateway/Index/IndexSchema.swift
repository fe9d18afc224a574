import GRDB

/// The tables of the object index.
///
/// Keys are BLOBs, so that SQLite compares them byte by byte, which is the order in which S3 lists.
/// Bytes are shared: objects and parts name *contents*, a content names blobs in order, and a blob
/// counts its users, so that a copy costs no bytes and the last delete frees them. `segmentUse`
/// says how many bytes of each segment are still wanted.
enum IndexSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("objects 1") { database in
      try database.execute(sql: buckets + objects + blobs + uploads)
    }
    migrator.registerMigration("objects 2") { database in
      try database.execute(sql: parts)
    }
    migrator.registerMigration("checkpoint 1") { database in
      try database.execute(sql: checkpoints)
    }
    migrator.registerMigration("keys 1") { database in
      try database.execute(sql: revokedKeys)
    }
    return migrator
  }

  /// What the parts were of an object that was uploaded in parts.
  private static let parts = """
    CREATE TABLE contentPart (
      content INTEGER NOT NULL,
      part INTEGER NOT NULL,
      length INTEGER NOT NULL,
      checksums BLOB NOT NULL,
      PRIMARY KEY (content, part)
    ) WITHOUT ROWID;
    """

  private static let buckets = """
    CREATE TABLE state (
      name TEXT PRIMARY KEY,
      value INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE bucket (
      id INTEGER PRIMARY KEY,
      name BLOB NOT NULL UNIQUE,
      region TEXT NOT NULL,
      created INTEGER NOT NULL
    );
    CREATE TABLE bucketAttribute (
      bucket INTEGER NOT NULL,
      name TEXT NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (bucket, name)
    ) WITHOUT ROWID;

    """

  private static let objects = """
    CREATE TABLE object (
      bucket INTEGER NOT NULL,
      key BLOB NOT NULL,
      content INTEGER NOT NULL,
      length INTEGER NOT NULL,
      etag TEXT NOT NULL,
      modified INTEGER NOT NULL,
      PRIMARY KEY (bucket, key)
    ) WITHOUT ROWID;
    CREATE TABLE content (
      id INTEGER PRIMARY KEY,
      attributes BLOB NOT NULL,
      checksums BLOB NOT NULL
    );
    CREATE TABLE contentBlob (
      content INTEGER NOT NULL,
      position INTEGER NOT NULL,
      part INTEGER NOT NULL,
      blob INTEGER NOT NULL,
      wrappedKey BLOB NOT NULL,
      PRIMARY KEY (content, position)
    ) WITHOUT ROWID;
    CREATE INDEX contentByBlob ON contentBlob (blob);

    """

  private static let blobs = """
    CREATE TABLE blob (
      id INTEGER PRIMARY KEY,
      attempt BLOB NOT NULL UNIQUE,
      length INTEGER NOT NULL,
      extents BLOB NOT NULL,
      users INTEGER NOT NULL
    );
    CREATE TABLE blobSegment (
      segment INTEGER NOT NULL,
      blob INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      PRIMARY KEY (segment, blob)
    ) WITHOUT ROWID;
    CREATE TABLE segmentUse (
      segment INTEGER PRIMARY KEY,
      written INTEGER NOT NULL,
      live INTEGER NOT NULL
    );

    """

  /// The newest checkpoint's bytes, which are in use until the next one.
  private static let checkpoints = """
    CREATE TABLE checkpoint (
      content INTEGER PRIMARY KEY,
      coveredSequence INTEGER NOT NULL
    );
    """

  /// Names of granted keys that count no more.
  private static let revokedKeys = """
    CREATE TABLE revokedKey (
      name BLOB PRIMARY KEY,
      revoked INTEGER NOT NULL
    ) WITHOUT ROWID;
    """

  private static let uploads = """
    CREATE TABLE upload (
      id BLOB PRIMARY KEY,
      bucket INTEGER NOT NULL,
      key BLOB NOT NULL,
      initiated INTEGER NOT NULL,
      attributes BLOB NOT NULL,
      checksumAlgorithm TEXT NOT NULL,
      checksumType TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX uploadByKey ON upload (bucket, key, id);
    CREATE TABLE part (
      upload BLOB NOT NULL,
      number INTEGER NOT NULL,
      content INTEGER NOT NULL,
      length INTEGER NOT NULL,
      etag TEXT NOT NULL,
      modified INTEGER NOT NULL,
      PRIMARY KEY (upload, number)
    ) WITHOUT ROWID;
    CREATE TABLE finishedUpload (
      id BLOB PRIMARY KEY,
      bucket BLOB NOT NULL,
      key BLOB NOT NULL,
      etag TEXT NOT NULL,
      finished INTEGER NOT NULL
    ) WITHOUT ROWID;
    """
}

extension Database {
  /// Runs a statement that is prepared once a connection.
  func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// The first row of a query that is prepared once a connection.
  func first(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Row? {
    try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
  }

  /// All rows of a query that is prepared once a connection.
  func all(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Row] {
    try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
  }
}
