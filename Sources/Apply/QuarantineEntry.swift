import Journal
import Model
import Postgres

/// A row in the quarantine as people look at it.
package struct QuarantineEntry: Sendable {
  /// Where the row is missing because it does not fit.
  package enum Store: String, Sendable {
    case postgres = "postgresql"
    case sqlite
  }

  package let missingIn: Store
  package let tableID: TableID
  package let table: String
  package let keyText: String
  /// The column at fault, where one is.
  package let column: String?
  package let reason: String
  /// The SQLSTATE, where it was PostgreSQL that refused.
  package let state: String?
  /// ISO 8601, in UTC.
  package let firstSeen: String
  package let lastSeen: String
  /// When a person decided that the row does not move; nil where it blocks the switch.
  package let discardedAt: String?
  package let key: [Value]
  /// Nil where it was not asked for.
  package let image: [Value]?
  fileprivate let digest: [UInt8]

  /// Calls `body` for each row of a source's quarantine, in bounded memory.
  package static func forEach(
    of source: RandomID, withImages: Bool, _ catalogue: TargetCatalogue, _ connection: inout Connection,
    _ body: (QuarantineEntry) throws -> Void
  ) throws {
    var last: (table: Int64, digest: [UInt8]) = (.min, [])
    let rows = withImages ? 20 : 1_000
    while true {
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(int64: last.table)
      parameters.append(bytea: last.digest)
      func time(_ column: String) -> String {
        "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
      }
      let result = try connection.query(
        """
        SELECT table_id, table_name, key_text, column_name, reason, state, \(time("first_seen")), \(time("last_seen")),
          \(time("discarded_at")), key, digest\(withImages ? ", image" : "")
        FROM \(catalogue.quarantine) WHERE source = $1 AND (table_id, digest) > ($2, $3)
        ORDER BY table_id, digest LIMIT \(rows)
        """, parameters)
      for row in 0..<result.rowCount {
        let entry = try QuarantineEntry(result, row, withImages: withImages)
        try body(entry)
        last = (entry.tableID.rawValue, entry.digest)
      }
      if result.rowCount < rows { return }
    }
  }

  /// A row that SQLite does not take, whose quarantine is in the source.
  package init(
    missingInSQLite tableID: TableID, table: String, keyText: String, column: String?, reason: String,
    firstSeen: String, lastSeen: String, discardedAt: String?, key: [Value], image: [Value]?
  ) {
    missingIn = .sqlite
    self.tableID = tableID
    self.table = table
    self.keyText = keyText
    self.column = column
    self.reason = reason
    state = nil
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.discardedAt = discardedAt
    self.key = key
    self.image = image
    digest = []
  }

  private init(_ result: borrowing QueryResult, _ row: Int, withImages: Bool) throws {
    missingIn = .postgres
    tableID = TableID(try result.int64(row, 0))
    table = try result.string(row, 1)
    keyText = try result.string(row, 2)
    column = try result.stringOrNil(row, 3)
    reason = try result.string(row, 4)
    state = try result.stringOrNil(row, 5)
    firstSeen = try result.string(row, 6)
    lastSeen = try result.string(row, 7)
    discardedAt = try result.stringOrNil(row, 8)
    digest = try result.bytes(copying: row, 10)
    guard let key = ValueList.decode(try result.bytes(copying: row, 9)) else {
      throw Failure(
        .badData, "a key in the target's quarantine cannot be read", remedy: "sync --reseed starts over")
    }
    self.key = key
    image = withImages && !result.isNull(row, 11) ? ValueList.decode(try result.bytes(copying: row, 11)) : nil
  }

  /// Marks rows as given up, or takes that back.
  package static func setDiscarded(
    _ discarded: Bool, _ entries: [QuarantineEntry], of source: RandomID, _ catalogue: TargetCatalogue,
    _ connection: inout Connection
  ) throws(PostgresError) {
    try connection.execute("BEGIN; \(connection.localSettings)")
    for entry in entries {
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(int64: entry.tableID.rawValue)
      parameters.append(bytea: entry.digest)
      _ = try connection.query(
        """
        UPDATE \(catalogue.quarantine) SET discarded_at = \(discarded ? "coalesce(discarded_at, now())" : "NULL")
        WHERE source = $1 AND table_id = $2 AND digest = $3
        """, parameters)
    }
    try connection.execute("COMMIT")
  }
}
