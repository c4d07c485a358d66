/// What the move will need, reckoned from the file and from the speed of this reading.
package struct MoveEstimate: Sendable {
  /// Copying reads every row again and sends it, in several threads; PostgreSQL writes it and its indexes. Measured: 1.4.
  package static let copyFactor = 2.0
  /// PostgreSQL's rows have longer headers than SQLite's, and its indexes repeat the values. Measured: 1.7 to 2.0.
  package static let targetFactor = 2.0

  /// Seconds that reading took, and rows that it read.
  package var scanSeconds: Double
  package var rowsRead: Int64
  package var rows: Int64
  package var usedBytes: Int64

  package init(scanSeconds: Double, rowsRead: Int64, rows: Int64, usedBytes: Int64) {
    self.scanSeconds = scanSeconds
    self.rowsRead = rowsRead
    self.rows = rows
    self.usedBytes = usedBytes
  }

  /// About how long the first copy takes; nil where nothing was read to reckon from.
  package var copySeconds: Double? {
    guard rowsRead > 0, scanSeconds > 0 else { return nil }
    return scanSeconds * (Double(rows) / Double(rowsRead)) * Self.copyFactor
  }

  package var targetBytes: Int64 { Int64(min(Double(usedBytes) * Self.targetFactor, 9e18)) }

  package static let copyAssumption =
    "twice the reading just done, if the server is near and takes rows as fast as this machine reads them"
  package static let targetAssumption = "twice the used pages, indexes included; about as much again for its WAL"
  package static let journalAssumption =
    "beside the source: up to 1 GiB of applied steps as the settings stand, and all changes while PostgreSQL is away"
}
