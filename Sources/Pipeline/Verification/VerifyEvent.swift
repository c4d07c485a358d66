import Model

/// What a verify tells the person at the terminal, and the log.
package enum VerifyEvent: Sendable {
  case note(String)
  case warning(String)
  /// Rows compared, of about as many as are expected.
  case comparing(table: String, rows: Int64, expected: Int64, differences: Int64)
  case compared(table: String, rows: Int64, differences: Int64)
  case repairing(done: Int, of: Int)
  case checking(String)
}
