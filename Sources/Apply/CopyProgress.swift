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
