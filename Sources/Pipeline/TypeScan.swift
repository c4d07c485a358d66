import Capture
import Model
import SQLite
import Schema

/// Reads a table through once to learn which storage classes its columns hold.
package enum TypeScan {
  /// Rows read in one transaction, so that none stays open for long.
  private static let chunkRows = 20_000

  package struct Result {
    package var facts: [ColumnFacts]
    package var rows: Int64
  }

  package static func scan(
    _ table: SourceTable, in database: borrowing Database, stop: StopSignal, _ report: (Int64) -> Void
  ) throws -> Result {
    var masks = [UInt8](repeating: 0, count: table.columns.count)
    var wide = [Bool](repeating: false, count: table.columns.count)
    var cursor: [Value]?
    var rows: Int64 = 0
    let reader = ChunkReader(table)
    while true {
      try stop.check()
      let statement = try reader.statement(after: cursor, limit: chunkRows, in: database)
      var count = 0
      while try statement.step() {
        count += 1
        for column in masks.indices {
          let found = statement.storageClass(column)
          masks[column] |= 1 << found.rawValue
          if found == .integer, statement.integer(column).magnitude > 1 << 53 { wide[column] = true }
        }
        if count == chunkRows { cursor = reader.key(of: statement) }
      }
      rows += Int64(count)
      report(rows)
      if count < chunkRows { break }
    }
    if try reader.hasNullKeys(in: database) {
      for position in table.keyPositions where position < masks.count {
        masks[position] |= StorageClasses.null.rawValue
      }
    }
    return Result(
      facts: zip(masks, wide).map { ColumnFacts(classes: StorageClasses(rawValue: $0), hasWideIntegers: $1) },
      rows: rows)
  }
}
