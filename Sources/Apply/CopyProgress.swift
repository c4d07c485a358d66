import Conversion
import Journal
import Model
import Postgres
import Schema

/// How far the first copy of a table has come; kept on the target, in the transaction that brings the rows.
package struct CopyProgress: Sendable {
  package enum Step: String, Sendable {
    case rows
    /// All rows are there; the key is to be built.
    case key
    case done
  }
  package var table: TableID
  package var step: Step
  /// The key of the last row copied; nil before the first.
  package var cursor: [Value]?
  package var rows: Int64
  /// Rows that the table had when the copy was planned.
  package var expected: Int64

  package static func read(
    _ source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> [CopyProgress] {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      """
      SELECT table_id, step, cursor, rows, expected FROM \(catalogue.copy) WHERE source = $1 ORDER BY table_id
      """, parameters)
    var tables: [CopyProgress] = []
    for row in 0..<result.rowCount {
      let stepName = try result.string(row, 1)
      guard let step = Step(rawValue: stepName) else {
        throw Failure(
          .badData, "the target's copy progress is in an unknown step '\(stepName)'",
          remedy: "sync --reseed starts over")
      }
      var cursor: [Value]?
      if !result.isNull(row, 2) {
        cursor = ValueList.decode(try result.bytes(copying: row, 2))
        if cursor == nil {
          throw Failure(.badData, "the target's copy cursor cannot be read", remedy: "sync --reseed starts over")
        }
      }
      tables.append(
        CopyProgress(
          table: TableID(try result.int64(row, 0)), step: step, cursor: cursor, rows: try result.int64(row, 3),
          expected: try result.int64(row, 4)))
    }
    return tables
  }
}

extension CopyProgress {
  /// Notes how many rows each table had, for the time left.
  package static func setExpected(
    _ rows: [TableID: Int64], of source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    for (table, count) in rows {
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(int64: table.rawValue)
      parameters.append(int64: count)
      _ = try connection.query(
        "UPDATE \(catalogue.copy) SET expected = $3 WHERE source = $1 AND table_id = $2", parameters)
    }
  }
}

/// Brings rows of one table to the target segment by segment: a transaction each, with the progress in it.
package struct CopySink: ~Copyable {
  private let catalogue: TargetCatalogue
  private let ownership: Ownership
  private let plan: TablePlan
  private let sql: TableSQL
  private let ddl: DDL
  private let codecs: [ColumnCodec]
  private let required: [Bool]
  private var stream: CopyStream
  private var rowStart = 0
  /// The progress as committed.
  package private(set) var progress: CopyProgress
  private var segmentRows: Int64 = 0
  private var refused: [RefusedRow] = []

  package init(
    _ plan: TablePlan, of target: TargetPlan, progress: CopyProgress, _ catalogue: TargetCatalogue,
    _ ownership: Ownership
  ) throws(Failure) {
    self.catalogue = catalogue
    self.ownership = ownership
    self.plan = plan
    self.progress = progress
    sql = TableSQL(plan, schema: target.schema)
    ddl = DDL(target)
    codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
    required = plan.columns.map(\.notNull)
    stream = CopyStream(fieldCount: plan.columns.count)
  }

  package mutating func begin(on connection: inout Connection) throws {
    segmentRows = 0
    refused.removeAll()
    try beginOwned(&connection)
    try stream.begin(sql.copy, on: &connection)
  }

  private func beginOwned(_ connection: inout Connection) throws {
    try connection.execute("BEGIN; \(connection.localSettings)")
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(int64: ownership.epoch)
    parameters.append(text: ownership.phase.rawValue)
    let owner = try connection.query(
      """
      SELECT set_config('changeover.apply', 'on', true), set_config('synchronous_commit', 'on', true)
      FROM (SELECT FROM \(catalogue.source) WHERE source = $1 AND epoch = $2 AND phase = $3 FOR SHARE) AS s
      """, parameters)
    guard owner.rowCount == 1 else {
      throw PostgresError.server(
        ServerError(sqlState: Ownership.superseded, message: "another process owns the source"))
    }
  }

  /// Begins a row; `append` its columns in order, then `endRow`.
  @inline(__always) package mutating func beginRow() { rowStart = stream.beginRow() }

  /// Appends a column's value, or says why it does not fit: then `refuse` the row.
  @inline(__always) package mutating func append(_ value: ValueView, column: Int) -> Misfit? {
    if case .null = value, required[column] { return .null }
    return Conversion.append(value, as: codecs[column], to: &stream.buffer)
  }

  @inline(__always) package mutating func endRow(on connection: inout Connection) throws(PostgresError) {
    segmentRows &+= 1
    try stream.flushIfFull(to: &connection)
  }

  /// Takes the row begun last back and puts it into the quarantine.
  package mutating func refuse(_ image: [Value], column: Int, _ misfit: Misfit) {
    stream.buffer.truncate(to: rowStart)
    add(refused: image, column: column, reason: misfit.reason)
  }

  /// Puts a row that was not begun into the quarantine.
  package mutating func add(refused image: [Value], column: Int, reason: String) {
    segmentRows += 1
    refused.append(
      RefusedRow(
        table: plan, key: plan.keyPositions.map { image[$0] }, image: image, column: plan.columns[column].sourceName,
        reason: reason))
  }

  /// Commits the segment with the cursor after its last row, and whether the table is at its end.
  package mutating func commit(cursor: [Value]?, isLast: Bool, on connection: inout Connection) throws {
    try stream.end(on: &connection)
    try Quarantine(catalogue, ownership.source).add(refused, &connection)
    var next = progress
    next.cursor = cursor ?? progress.cursor
    next.rows += segmentRows
    next.step = isLast ? .key : .rows
    try store(next, &connection)
  }

  /// Builds the key over the copied rows.
  package mutating func buildKey(on connection: inout Connection) throws {
    try beginOwned(&connection)
    if !plan.isUserMade {
      try connection.execute("SET LOCAL maintenance_work_mem = '256MB'; \(ddl.addKey(plan))")
    }
    var next = progress
    next.step = .done
    try store(next, &connection)
  }

  private mutating func store(_ next: CopyProgress, _ connection: inout Connection) throws {
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(int64: plan.id.rawValue)
    if let cursor = next.cursor {
      parameters.append(bytea: ValueList.encode(cursor))
    } else {
      parameters.append(null: .bytea)
    }
    parameters.append(int64: next.rows)
    parameters.append(text: next.step.rawValue)
    parameters.append(int64: progress.rows)
    parameters.append(text: progress.step.rawValue)
    let result = try connection.query(
      """
      UPDATE \(catalogue.copy) SET cursor = $3, rows = $4, step = $5
      WHERE source = $1 AND table_id = $2 AND rows = $6 AND step = $7
      """, parameters)
    guard result.affectedRows == 1 else {
      throw PostgresError.server(
        ServerError(sqlState: Ownership.superseded, message: "another process copies this table"))
    }
    try connection.execute("COMMIT")
    progress = next
  }
}
