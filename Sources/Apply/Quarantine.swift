import Journal
import Model
import Postgres
import Schema

/// A row that the target does not take, with the reason.
package struct RefusedRow: Sendable {
  package let table: TablePlan
  package let key: [Value]
  package let image: [Value]
  /// The column at fault, where one is.
  package let column: String?
  package let reason: String
  /// The SQLSTATE, where it was the server that refused.
  package let state: String?

  /// What a reason begins with where it was the server that refused; the SQLSTATE follows.
  static let refusal = "refused by PostgreSQL with SQLSTATE "
  static let tooWide = refusal + PostgresError.limitExceeded + " (more in one row than a page holds)"

  package init(
    table: TablePlan, key: [Value], image: [Value], column: String?, reason: String, state: String? = nil
  ) {
    self.table = table
    self.key = key
    self.image = image
    self.column = column
    self.reason = reason
    self.state = state
  }

  package var keyText: String { KeyText.text(of: key) }

  /// About what it takes in memory.
  var byteCount: Int {
    image.reduce(256) { sum, value in
      switch value {
      case .text(let bytes), .blob(let bytes): sum + 32 + bytes.count
      case .null, .integer, .real: sum + 32
      }
    }
  }
}

/// The quarantine of one source. All of it happens inside the caller's transaction.
package struct Quarantine: Sendable {
  let catalogue: TargetCatalogue
  let source: RandomID

  package init(_ catalogue: TargetCatalogue, _ source: RandomID) {
    self.catalogue = catalogue
    self.source = source
  }

  /// Takes rows in, in one round trip.
  package func add(_ refused: [RefusedRow], _ connection: inout Connection) throws {
    if refused.isEmpty { return }
    var parameters = Parameters()
    _ = try connection.pipeline { pipeline in
      for row in refused {
        parameters.removeAll()
        parameters.append(uuid: source)
        parameters.append(int64: row.table.id.rawValue)
        parameters.append(text: row.table.sourceName)
        parameters.append(bytea: ValueList.encode(row.key))
        parameters.append(text: row.keyText)
        if let column = row.column { parameters.append(text: column) } else { parameters.append(null: .text) }
        parameters.append(text: row.reason)
        if let state = row.state { parameters.append(text: state) } else { parameters.append(null: .text) }
        parameters.append(bytea: ValueList.encode(row.image))
        try pipeline.add(insertion, parameters)
      }
    }
  }

  private var insertion: String {
    """
    INSERT INTO \(catalogue.quarantine) AS q
      (source, table_id, table_name, key, digest, key_text, column_name, reason, state, image)
    VALUES ($1, $2, $3, $4, sha256($4), $5, $6, $7, $8, $9)
    \(Self.onConflict)
    """
  }

  /// A row that is there already stays what it is, first seen then and discarded or not, with its newest image.
  static let onConflict = """
    ON CONFLICT (source, table_id, digest) DO UPDATE
      SET column_name = EXCLUDED.column_name, reason = EXCLUDED.reason, state = EXCLUDED.state, image = EXCLUDED.image,
        last_seen = now()
    """

  /// Lets go of the keys that came anew with what was staged for a table, but for those that were refused again.
  func release(
    _ table: TablePlan, staged sql: TableSQL, beside refused: Bool, _ connection: inout Connection
  ) throws(PostgresError) {
    _ = try connection.query(sql.release(from: catalogue.quarantine, beside: refused), parameters(for: table))
  }

  /// How much is in a quarantine.
  struct Count {
    /// Rows that nobody discarded: these stand in the way of the switch.
    var blocking: Int64
    var discarded: Int64
    /// The blocking ones that this transaction put there.
    var new: Int64
    var isEmpty: Bool { blocking == 0 && discarded == 0 }
  }

  func count(_ connection: inout Connection) throws(PostgresError) -> Count {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      """
      SELECT count(*) FILTER (WHERE discarded_at IS NULL), count(discarded_at),
        count(*) FILTER (WHERE discarded_at IS NULL AND last_seen = now())
      FROM \(catalogue.quarantine) WHERE source = $1
      """, parameters)
    return Count(
      blocking: try result.int64(0, 0), discarded: try result.int64(0, 1), new: try result.int64(0, 2))
  }

  /// Gives the images of a table another shape; where there is none they stay.
  func remake(
    of table: TableID, _ connection: inout Connection, _ image: ([Value]) -> [Value]?
  ) throws {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: table.rawValue)
    let rows = try connection.query(
      "SELECT digest, image FROM \(catalogue.quarantine) WHERE source = $1 AND table_id = $2 AND image IS NOT NULL",
      parameters)
    for row in 0..<rows.rowCount {
      guard let old = ValueList.decode(try rows.bytes(copying: row, 1)), let new = image(old) else { continue }
      var update = Parameters()
      update.append(uuid: source)
      update.append(int64: table.rawValue)
      update.append(bytea: try rows.bytes(copying: row, 0))
      update.append(bytea: ValueList.encode(new))
      _ = try connection.query(
        "UPDATE \(catalogue.quarantine) SET image = $4 WHERE source = $1 AND table_id = $2 AND digest = $3", update)
    }
  }

  /// Lets go of the rows of a table that are no longer in the source: all that are were staged.
  func releaseAbsent(_ sql: TableSQL, _ connection: inout Connection) throws(PostgresError) {
    _ = try connection.query(
      """
      DELETE FROM \(catalogue.quarantine) WHERE source = $1 AND table_id = $2
        AND NOT EXISTS (SELECT FROM \(sql.stage) AS s WHERE sha256(s.k) = digest)
      """, parameters(for: sql.plan))
  }

  // MARK: Rows on trial

  /// Puts the rows of a trial that the server refused into the quarantine; returns how many.
  func take(refusedOf sql: TableSQL, _ connection: inout Connection) throws(PostgresError) -> Int {
    var parameters = parameters(for: sql.plan)
    parameters.append(text: sql.plan.sourceName)
    return try connection.query(sql.quarantineTried(in: catalogue.quarantine), parameters).affectedRows
  }

  /// Images that a constraint refused, in the order of their digests: the next ones after `digest`. Those that this very
  /// transaction put there are not among them, nor large ones: those wait for their next image.
  func constraintCases(
    of table: TablePlan, after digest: [UInt8], limit: Int, _ connection: inout Connection
  ) throws(PostgresError) -> [(digest: [UInt8], image: [UInt8])] {
    var parameters = parameters(for: table)
    parameters.append(bytea: digest)
    let result = try connection.query(
      """
      SELECT digest, image FROM \(catalogue.quarantine)
      WHERE source = $1 AND table_id = $2 AND digest > $3 AND state LIKE '23%' AND last_seen < now()
        AND octet_length(image) <= 1 << 20
      ORDER BY digest LIMIT \(limit)
      """, parameters)
    var cases: [(digest: [UInt8], image: [UInt8])] = []
    for row in 0..<result.rowCount {
      cases.append((try result.bytes(copying: row, 0), try result.bytes(copying: row, 1)))
    }
    return cases
  }

  /// Lets go of the rows of a trial that the server took; returns how many.
  func release(takenOf sql: TableSQL, _ connection: inout Connection) throws(PostgresError) -> Int {
    try connection.query(sql.releaseTried(from: catalogue.quarantine), parameters(for: sql.plan)).affectedRows
  }

  private func parameters(for table: TablePlan) -> Parameters {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: table.id.rawValue)
    return parameters
  }
}
