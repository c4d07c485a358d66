import Model
import Postgres

/// The frame of binary COPY around rows that others encode (PostgreSQL's documentation of COPY, "Binary Format").
package struct CopyStream: ~Copyable {
  /// Rows are handed to the connection once so many bytes have gathered.
  private static let flushBytes = 256 << 10

  package var buffer = WireBuffer(capacity: 320 << 10)
  /// Fields of every row.
  private var fieldCount: Int16

  package init(fieldCount: Int = 0) { self.fieldCount = Int16(truncatingIfNeeded: fieldCount) }

  /// - Parameter fieldCount: where it is another than before.
  package mutating func begin(
    _ sql: String, fieldCount: Int? = nil, on connection: inout Connection
  ) throws(PostgresError) {
    if let fieldCount { self.fieldCount = Int16(truncatingIfNeeded: fieldCount) }
    try connection.copyIn(sql)
    buffer.removeAll()
    buffer.append("PGCOPY\n")
    buffer.append([0xFF, 0x0D, 0x0A, 0x00] as [UInt8])
    buffer.append(bigEndian: Int64(0))  // Flags and the length of a header extension.
  }

  /// Begins a row; returns where it begins, for `buffer.truncate(to:)` should it be taken back.
  @inline(__always) package mutating func beginRow() -> Int {
    let start = buffer.count
    buffer.append(bigEndian: fieldCount)
    return start
  }

  @inline(__always) package mutating func flushIfFull(to connection: inout Connection) throws(PostgresError) {
    if buffer.count >= Self.flushBytes { try flush(to: &connection) }
  }

  package mutating func flush(to connection: inout Connection) throws(PostgresError) {
    try connection.putCopy(buffer.bytes)
    buffer.removeAll()
  }

  package mutating func end(on connection: inout Connection) throws(PostgresError) {
    buffer.append(bigEndian: Int16(-1))
    try flush(to: &connection)
    _ = try connection.endCopy()
  }
}
