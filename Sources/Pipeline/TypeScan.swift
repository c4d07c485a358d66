import Capture
import Model
import SQLite
import Schema

/// Reads a table through once to learn what its columns hold.
package enum TypeScan {
  /// Rows read in one transaction, so that none stays open for long.
  private static let chunkRows = 20_000
  /// Places in a table that a sample is taken from.
  private static let samplePlaces = 50

  package struct Result: Sendable {
    package var facts: [ColumnFacts]
    /// Rows of the table, also where only a sample was read.
    package var rows: Int64
  }

  /// - Parameters:
  ///   - sample: about how many rows to read; nil for all of them. A sample proves nothing: it is for a first look.
  ///   - measuresTexts: whether to learn also what only people want to know: lengths, the least and the greatest text.
  ///   - report: gets the rows read so far.
  /// - Throws: `Failure` where a setting names a zone or a pattern that there is not.
  package static func scan(
    _ table: SourceTable, in database: borrowing Database, overrides: Overrides = Overrides(), sample: Int? = nil,
    measuresTexts: Bool = false, stop: StopSignal, _ report: (Int64) -> Void
  ) throws -> Result {
    var scan = try TableScan(table, overrides, measuresTexts: measuresTexts)
    let reader = ChunkReader(table)
    let total = try sample.flatMap { try whole(table, beyond: $0, in: database) }
    if let sample, let total {
      try readSample(of: table, about: sample, total, database, stop) { scan.take($0, reader) }
      report(scan.rows)
    } else {
      try readAll(reader, database, stop, report) { scan.take($0, reader) }
    }
    if try reader.hasNullKeys(in: database) {
      for position in table.keyPositions where position < table.columns.count { scan.addNull(position) }
    }
    return Result(facts: scan.facts(isSample: total != nil), rows: total ?? scan.rows)
  }

  /// Chunk by chunk in the order of the key.
  private static func readAll(
    _ reader: ChunkReader, _ database: borrowing Database, _ stop: StopSignal, _ report: (Int64) -> Void,
    _ read: (borrowing Statement) -> Void
  ) throws {
    var cursor: [Value]?
    var rows: Int64 = 0
    while true {
      try stop.check()
      let statement = try reader.statement(after: cursor, limit: chunkRows, in: database)
      var count = 0
      while try statement.step() {
        count += 1
        read(statement)
        if count == chunkRows { cursor = reader.key(of: statement) }
      }
      rows += Int64(count)
      report(rows)
      if count < chunkRows { return }
    }
  }

  /// The table's rows where they are more than `sample`; nil where it can as well be read as a whole.
  private static func whole(
    _ table: SourceTable, beyond sample: Int, in database: borrowing Database
  ) throws -> Int64? {
    let rows = try database.integer("SELECT count(*) FROM \(SQLiteText.identifier(table.name))")
    return rows > Int64(sample) ? rows : nil
  }

  /// Runs of rows from places spread evenly over the rowids; from the beginning where there are none.
  private static func readSample(
    of table: SourceTable, about sample: Int, _ total: Int64, _ database: borrowing Database, _ stop: StopSignal,
    _ read: (borrowing Statement) -> Void
  ) throws {
    let name = SQLiteText.identifier(table.name)
    let select = "SELECT \(table.imageExpressions) FROM \(name)"
    guard case .rowid(let rowid)? = KeyChoice.rowidKey(of: table) else {
      return try database.forEach("\(select) LIMIT \(sample)") { read($0) }
    }
    let least = try database.integer("SELECT min(\(rowid)) FROM \(name)")
    let greatest = try database.integer("SELECT max(\(rowid)) FROM \(name)")
    let run = max(sample / samplePlaces, 1)
    let step = max((Double(greatest) - Double(least)) / Double(max(sample / run, 1)), 1)
    var next = least
    for place in 0..<max(sample / run, 1) {
      try stop.check()
      // Past what was read already, where the rowids have gaps.
      let start = max(next, Int64(exactly: (Double(least) + step * Double(place)).rounded()) ?? next)
      try database.forEach(
        "\(select) WHERE \(rowid) >= ?1 ORDER BY \(rowid) LIMIT \(run)", [.integer(start)]
      ) { read($0) }
      guard
        case .integer(let last)? = try database.scalar(
          "SELECT max(r) FROM (SELECT \(rowid) AS r FROM \(name) WHERE \(rowid) >= ?1 ORDER BY \(rowid) LIMIT \(run))",
          [.integer(start)]), last < greatest
      else { break }
      next = last + 1
    }
  }
}
