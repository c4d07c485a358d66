import Apply
import Capture
import Conversion
import Journal
import Model
import Postgres
import SQLite
import Schema

/// Copies one table: chunk by chunk out of the source, segment by segment into the target.
///
/// Each chunk is a short read transaction of its own; each segment is one transaction on the target with the cursor in
/// it, where a killed copy goes on.
struct TableCopier: ~Copyable {
  /// Rows read in one transaction; fewer where a reader blocks the writer's commit (rollback-journal mode).
  private static let chunkRows = 10_000
  private static let chunkRowsWithoutWAL = 1_000
  /// A segment is committed after so many rows, or so many seconds.
  private static let segmentRows: Int64 = 200_000
  private static let segmentSeconds = 2.0

  private let table: SourceTable
  private let reader: ChunkReader
  private let columnCount: Int
  private let stop: StopSignal
  private var sink: CopySink
  /// Finds out what became of the schema; nil where the table is not to be copied on.
  private let watch: (borrowing Database) throws -> SchemaWatch?
  private var known: SchemaWatch?
  private var cursor: [Value]?
  /// Where the types are a draft: what the rows copied so far hold.
  private var scan: TableScan?
  /// Whether `scan` has seen each row once.
  private var isWhole: Bool
  private let isDraft: Bool

  /// - Parameter scan: for types that are a draft. A value that does not fit them is then no matter of its row.
  init(
    _ table: SourceTable, sink: consuming CopySink, scan: consuming TableScan?, stop: StopSignal,
    watch: @escaping (borrowing Database) throws -> SchemaWatch?
  ) {
    self.table = table
    self.sink = sink
    self.stop = stop
    reader = ChunkReader(table)
    columnCount = table.imageColumns.count
    self.watch = watch
    cursor = self.sink.progress.cursor
    isDraft = scan != nil
    isWhole = isDraft && self.sink.progress.step == .rows && cursor == nil
    self.scan = scan
  }

  /// What all rows hold; nil where that was not asked for, or not all were copied here and at once.
  mutating func learned() -> TypeScan.Result? {
    guard isWhole, var scan = scan.take() else { return nil }
    return TypeScan.Result(facts: scan.facts(), rows: scan.rows)
  }

  /// Copies what is left of the table and builds its key. `report` gets the rows copied so far.
  mutating func run(
    from database: borrowing Database, to connection: inout Connection, report: (Int64) -> Void
  ) throws {
    let isWAL = try database.whenReadable(stop) { try $0.string("PRAGMA journal_mode") } == "wal"
    let chunkRows = isWAL ? Self.chunkRows : Self.chunkRowsWithoutWAL
    while sink.progress.step == .rows {
      if known == nil { known = try watch(database) }
      // What was copied so far stays until the table comes anew.
      if known == nil {
        isWhole = false
        break
      }
      try copySegment(chunkRows, database, &connection, report)
    }
    try sink.complete(on: &connection)
  }

  private mutating func copySegment(
    _ chunkRows: Int, _ database: borrowing Database, _ connection: inout Connection, _ report: (Int64) -> Void
  ) throws {
    do {
      let started = ContinuousClock.now
      FaultPoint.reach("segment-begun")
      let copied = sink.progress.rows
      var rows: Int64 = 0
      var isLast = false
      try sink.begin(on: &connection)
      if copied == 0, cursor == nil { rows += try refuseNullKeys(database) }
      while !isLast, rows < Self.segmentRows, started.duration(to: .now) < .seconds(Self.segmentSeconds) {
        let count = try copyChunk(chunkRows, database, &connection)
        rows += Int64(count)
        isLast = count < chunkRows
        report(copied + rows)
      }
      try sink.commit(cursor: cursor, isLast: isLast, on: &connection)
    } catch {
      // An aborted segment is read again.
      isWhole = false
      try? connection.failCopy("changeover gave up")
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      cursor = sink.progress.cursor
      if error is SchemaMoved { return known = nil }
      guard sink.takeCare(after: error) else { throw error }
    }
  }

  /// One read transaction; returns the rows read.
  private mutating func copyChunk(
    _ limit: Int, _ database: borrowing Database, _ connection: inout Connection
  ) throws -> Int {
    try beginReading(database)
    do {
      let statement = try reader.statement(after: cursor, limit: limit, in: database)
      var count = 0
      while try statement.step() {
        count += 1
        try copyRow(statement, &connection)
        if count == limit { cursor = reader.key(of: statement) }
      }
      database.rollback()
      return count
    } catch {
      database.rollback()
      throw error
    }
  }

  /// Begins a read transaction; without a write-ahead log a writer may keep readers out for as long as it likes.
  private mutating func beginReading(_ database: borrowing Database) throws {
    try database.whenReadable(stop) { database in
      try database.execute("BEGIN")
      do {
        try known?.check(database)
      } catch {
        database.rollback()
        throw error
      }
    }
  }

  @inline(__always)
  private mutating func copyRow(_ statement: borrowing Statement, _ connection: inout Connection) throws {
    if isWhole { scan?.take(statement, reader) }
    if sink.isCareful { return try sink.append(trying: reader.image(of: statement), on: &connection) }
    sink.beginRow()
    for column in 0..<columnCount {
      if let misfit = sink.append(statement.view(column), column: column) {
        if isDraft { throw Disproved() }
        sink.refuse(reader.image(of: statement), column: column, misfit)
        return
      }
    }
    if sink.hasLongKey { throw CopySink.NeedsCare() }
    try sink.endRow(on: &connection)
  }

  /// Rows whose key holds NULL cannot stand on the target; the cursor would pass them by in silence.
  private mutating func refuseNullKeys(_ database: borrowing Database) throws -> Int64 {
    var count: Int64 = 0
    guard let statement = try reader.nullKeyStatement(in: database) else { return 0 }
    while try statement.step() {
      count += 1
      sink.add(refused: reader.image(of: statement), column: table.keyPositions[0], reason: Misfit.null.reason)
    }
    return count
  }
}
