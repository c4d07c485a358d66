import Model
import SQLite

/// Rows that came back from the target and that SQLite does not take, kept in the source itself.
package enum ReverseQuarantine {
  /// How many rows nobody discarded, and how many were discarded; none where the table was never made.
  package static func count(in database: borrowing Database) throws -> (blocking: Int64, discarded: Int64) { (0, 0) }
}
