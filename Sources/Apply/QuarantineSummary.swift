import Model
import Postgres

/// Rows in the quarantine for one reason that nobody discarded: how many, and the key of one of them.
package struct QuarantineSummary: Sendable {
  package let table: String
  /// The column at fault, where one is.
  package let column: String?
  package let reason: String
  package let rows: Int64
  package let exampleKey: String

  /// The quarantine of a source, most rows first.
  package static func read(
    _ source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) -> [QuarantineSummary] {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      """
      SELECT table_name, column_name, reason, count(*), min(key_text) FROM \(catalogue.quarantine)
      WHERE source = $1 AND discarded_at IS NULL GROUP BY table_name, column_name, reason ORDER BY count(*) DESC, table_name, column_name
      """, parameters)
    var summaries: [QuarantineSummary] = []
    for row in 0..<result.rowCount {
      summaries.append(
        QuarantineSummary(
          table: try result.string(row, 0), column: try result.stringOrNil(row, 1), reason: try result.string(row, 2),
          rows: try result.int64(row, 3), exampleKey: try result.string(row, 4)))
    }
    return summaries
  }
}
