import Conversion
import Journal
import Model
import Postgres
import Schema

/// Brings rows of one table to the target segment by segment: a transaction each, with the progress in it.
package struct CopySink: ~Copyable {
  private let catalogue: TargetCatalogue
  private let ownership: Ownership
  private let plan: TablePlan
  private let sql: TableSQL
  private let ddl: DDL
  private let codecs: [ColumnCodec]
  private let required: [Bool]
  private let written: [Bool]
  private let writtenCount: Int
  private let isKey: [Bool]
  private var stream: CopyStream
  private var rowStart = 0
  /// The progress as committed.
  package private(set) var progress: CopyProgress
  private var segmentRows: Int64 = 0
  private var refused: [RefusedRow] = []
  private var trial: Trial
  /// Rows of the next segment go through a trial, as a plain COPY of it was refused: `append(trying:)` takes them.
  package private(set) var isCareful = false

  /// A key of so many bytes may be too long for an index, which takes 2,704 at most.
  private static let longKey = 2_500

  package init(
    _ plan: TablePlan, of target: TargetPlan, progress: CopyProgress, _ catalogue: TargetCatalogue,
    _ ownership: Ownership
  ) throws(Failure) {
    trial = try Trial(plan, schema: target.schema)
    codecs = trial.codecs
    self.catalogue = catalogue
    self.ownership = ownership
    self.plan = plan
    self.progress = progress
    sql = TableSQL(plan, schema: target.schema)
    ddl = DDL(target)
    required = plan.columns.map(\.notNull)
    written = plan.columns.map(\.isWritten)
    writtenCount = plan.writtenPositions.count
    isKey = plan.columns.indices.map { plan.keyPositions.contains($0) }
    stream = CopyStream()
  }

  package mutating func begin(on connection: inout Connection) throws {
    segmentRows = 0
    refused.removeAll()
    try beginOwned(&connection)
    if isCareful {
      try trial.begin(&stream, on: &connection)
    } else {
      try stream.begin(sql.copy, fieldCount: writtenCount, on: &connection)
    }
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
      throw PostgresError.superseded("another process owns the source")
    }
  }

  /// Begins a row; `append` its columns in order, then `endRow`.
  @inline(__always) package mutating func beginRow() { rowStart = stream.beginRow() }

  /// Appends a column's value, or says why it does not fit: then `refuse` the row.
  @inline(__always) package mutating func append(_ value: ValueView, column: Int) -> Misfit? {
    if !written[column] { return nil }
    if case .null = value, required[column] { return .null }
    return Conversion.append(value, as: codecs[column], to: &stream.buffer)
  }

  @inline(__always) package mutating func endRow(on connection: inout Connection) throws(PostgresError) {
    segmentRows &+= 1
    try stream.flushIfFull(to: &connection)
  }

  /// Whether the key of the row begun last may be too long for the index to come: then the segment `needsCare`.
  @inline(__always) package var hasLongKey: Bool {
    stream.buffer.count &- rowStart > Self.longKey && keyBytes > Self.longKey
  }

  private var keyBytes: Int {
    let bytes = stream.buffer.bytes
    var at = rowStart + 2
    var sum = 0
    for column in written.indices where written[column] {
      let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self)))
      if isKey[column] { sum += max(length, 0) }
      at += 4 + max(length, 0)
    }
    return sum
  }

  /// Takes a whole row, while `isCareful`.
  package mutating func append(trying image: [Value], on connection: inout Connection) throws(PostgresError) {
    switch trial.append(image, to: &stream) {
    case nil: try endRow(on: &connection)
    case .misfit(let column, let misfit): add(refused: image, column: column, reason: misfit.reason)
    case .tooWide: add(refused: image, column: nil, reason: RefusedRow.tooWide, state: PostgresError.limitExceeded)
    }
  }

  /// Turns to care where rows are what an attempt failed for; false where care would not help.
  package mutating func takeCare(after error: any Error) -> Bool {
    let refusal = (error as? PostgresError).flatMap { $0.refusesRows ? $0 : nil }
    if !isCareful, error is NeedsCare || refusal != nil {
      isCareful = true
    } else if refusal?.sqlState == PostgresError.limitExceeded, !trial.measures {
      trial.measures = true
    } else {
      return false
    }
    return true
  }

  /// A row may be refused later: its segment is to be copied with care.
  package struct NeedsCare: Error {
    package init() {}
  }

  /// Takes the row begun last back and puts it into the quarantine.
  package mutating func refuse(_ image: [Value], column: Int, _ misfit: Misfit) {
    stream.buffer.truncate(to: rowStart)
    add(refused: image, column: column, reason: misfit.reason)
  }

  /// Puts a row that was not begun into the quarantine.
  package mutating func add(refused image: [Value], column: Int?, reason: String, state: String? = nil) {
    segmentRows += 1
    refused.append(
      RefusedRow(
        table: plan, key: plan.keyPositions.map { image[$0] }, image: image,
        column: column.map { plan.columns[$0].sourceName }, reason: reason, state: state))
  }

  /// Commits the segment with the cursor after its last row, and whether the table is at its end.
  package mutating func commit(cursor: [Value]?, isLast: Bool, on connection: inout Connection) throws {
    let quarantine = Quarantine(catalogue, ownership.source)
    var foundSome = false
    if isCareful {
      try trial.run(&stream, on: &connection)
      foundSome = try quarantine.take(refusedOf: trial.sql, &connection) > 0
    } else {
      try stream.end(on: &connection)
    }
    try quarantine.add(refused, &connection)
    var next = progress
    next.cursor = cursor ?? progress.cursor
    next.rows += segmentRows
    next.step = isLast ? .key : .rows
    try store(next, &connection)
    // Where one row was refused the next one may be too.
    isCareful = foundSome
  }

  /// Leaves the table with the rows that are there, and its key.
  package mutating func complete(on connection: inout Connection) throws {
    if progress.step == .rows {
      try begin(on: &connection)
      try commit(cursor: nil, isLast: true, on: &connection)
    }
    if progress.step == .key { try buildKey(on: &connection) }
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
      throw PostgresError.superseded("another process copies this table")
    }
    FaultPoint.reach("segment-written")
    try connection.execute("COMMIT")
    FaultPoint.reach("segment-committed")
    progress = next
  }
}
