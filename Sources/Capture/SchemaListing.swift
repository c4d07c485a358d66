import Model
import SQLite

/// What `sqlite_schema` lists, and its version; as it is now, or as it was when the schema was last taken up.
struct SchemaListing: Sendable, Equatable {
  struct Object: Sendable, Hashable {
    /// The rowid: the order of creation. It goes along when an object is renamed, and no later object gets it as long as
    /// one of ours stands after it.
    let place: Int64
    let type: String
    let name: String
    /// The table that an index or a trigger belongs to.
    let table: String
    let sql: String?

    init(place: Int64, type: String, name: String, table: String, sql: String?) {
      self.place = place
      self.type = type
      self.name = name
      self.table = table
      self.sql = sql
    }

    var isTable: Bool { type == "table" }
    var isVirtual: Bool { sql?.uppercased().hasPrefix("CREATE VIRTUAL") ?? false }
    /// SQLite's own, such as `sqlite_sequence`.
    var isInternal: Bool { name.lowercased().hasPrefix("sqlite_") }
    var isOurs: Bool { name.lowercased().hasPrefix(SourceNames.prefix) }
  }

  var version: Int64
  /// In the order of their places.
  var objects: [Object]
  /// Whether the canary's row has another number than it was given: VACUUM ran.
  var isVacuumed = false

  /// The place of the canary, which is the youngest table each time the schema was taken up.
  var canary: Int64? { objects.first { $0.isTable && $0.name == SourceNames.canary }?.place }

  /// Reads it in the caller's transaction.
  static func now(_ database: borrowing Database) throws -> SchemaListing {
    var listing = SchemaListing(version: try database.integer("PRAGMA schema_version"), objects: [])
    try database.forEach("SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid") {
      listing.append($0)
    }
    if listing.canary != nil {
      listing.isVacuumed = try database.integer("SELECT rowid FROM \(SourceNames.canary)") != canaryRow
    }
    return listing
  }

  /// The schema as it was last taken up.
  static func known(_ database: borrowing Database) throws -> SchemaListing {
    let version = try database.integer(
      "SELECT value FROM \(SourceNames.meta) WHERE name = 'schema_version'")
    var listing = SchemaListing(version: version, objects: [])
    try database.forEach("SELECT place, type, name, tbl_name, sql FROM \(SourceNames.schema) ORDER BY place") {
      listing.append($0)
    }
    return listing
  }

  /// Makes the schema as it is now the known one, with a new canary after all other tables. Inside the caller's write
  /// transaction, after its last change of the schema.
  static func record(in database: borrowing Database) throws {
    try database.execute(
      """
      DROP TABLE IF EXISTS \(SourceNames.canary);
      CREATE TABLE \(SourceNames.canary) (note);
      INSERT INTO \(SourceNames.canary) (rowid, note) VALUES (\(canaryRow), 'VACUUM renumbers this row');
      DELETE FROM \(SourceNames.schema);
      INSERT INTO \(SourceNames.schema) (place, type, name, tbl_name, sql)
        SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema;
      """)
    try SourceInstallation.set("schema_version", .integer(database.integer("PRAGMA schema_version")), in: database)
  }

  /// Whether the application's part of the schema is the known one, however ours changed since.
  static func isKnown(in database: borrowing Database) throws -> Bool {
    let now = try now(database)
    let known = try known(database)
    return !now.isVacuumed && now.canary == known.canary
      && now.objects.filter { !$0.isOurs } == known.objects.filter { !$0.isOurs }
  }

  private static let canaryRow: Int64 = 7

  private mutating func append(_ row: borrowing Statement) {
    objects.append(
      Object(
        place: row.integer(0), type: row.string(1) ?? "", name: row.string(2) ?? "", table: row.string(3) ?? "",
        sql: row.string(4)))
  }
}

extension String {
  /// Whether the bytes are the same, as SQLite compares names: to Swift two spellings of é are equal.
  func isSpelled(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
