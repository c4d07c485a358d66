import Model

/// Values by type. Each throws `PostgresError.unexpectedResult` where the value is NULL, not there, of another type or of
/// a length that the type does not have; the `…OrNil` forms give nil for NULL.
extension QueryResult {
  /// int2, int4, int8 or oid.
  package func int64(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
    let bytes = try value(row, column)
    switch (columnType(column), bytes.count) {
    case (.int8, 8): return bytes.bigEndian(Int64.self)
    case (.int4, 4): return Int64(bytes.bigEndian(Int32.self))
    case (.int2, 2): return Int64(bytes.bigEndian(Int16.self))
    case (.oid, 4): return Int64(bytes.bigEndian(UInt32.self))
    default: throw mismatch(row, column, "an integer")
    }
  }

  /// An integer that fits 32 bits.
  package func int32(_ row: Int, _ column: Int) throws(PostgresError) -> Int32 {
    guard let value = Int32(exactly: try int64(row, column)) else { throw mismatch(row, column, "a 32-bit integer") }
    return value
  }

  /// float8, or float4, which widens exactly.
  package func double(_ row: Int, _ column: Int) throws(PostgresError) -> Double {
    let bytes = try value(row, column)
    switch (columnType(column), bytes.count) {
    case (.float8, 8): return Double(bitPattern: bytes.bigEndian(UInt64.self))
    case (.float4, 4): return Double(Float(bitPattern: bytes.bigEndian(UInt32.self)))
    default: throw mismatch(row, column, "a float")
    }
  }

  package func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
    let bytes = try value(row, column)
    guard columnType(column) == .bool, bytes.count == 1 else { throw mismatch(row, column, "a boolean") }
    return bytes[0] != 0
  }

  /// text and the types whose binary form is their text.
  package func string(_ row: Int, _ column: Int) throws(PostgresError) -> String {
    let bytes = try value(row, column)
    guard columnType(column).sendsText, let text = String(validating: bytes, as: UTF8.self) else {
      throw mismatch(row, column, "text")
    }
    return text
  }

  /// A copy of the value's bytes, whatever its type.
  package func bytes(copying row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
    [UInt8](try value(row, column))
  }

  package func uuid(_ row: Int, _ column: Int) throws(PostgresError) -> RandomID {
    let bytes = try value(row, column)
    guard columnType(column) == .uuid, bytes.count == 16 else { throw mismatch(row, column, "a uuid") }
    return RandomID(
      high: bytes.bigEndian(UInt64.self), low: UnsafeRawBufferPointer(rebasing: bytes[8...]).bigEndian(UInt64.self))
  }

  /// A `timestamptz`; infinity has no instant.
  package func instant(_ row: Int, _ column: Int) throws(PostgresError) -> Instant {
    let bytes = try value(row, column)
    guard columnType(column) == .timestamptz, bytes.count == 8 else { throw mismatch(row, column, "a timestamptz") }
    let (sum, overflow) = bytes.bigEndian(Int64.self).addingReportingOverflow(Instant.postgresEpoch)
    guard !overflow, bytes.bigEndian(Int64.self) != .min else { throw mismatch(row, column, "a finite timestamptz") }
    return Instant(microseconds: sum)
  }

  package func int64OrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
    try isNullValue(row, column) ? nil : int64(row, column)
  }

  package func doubleOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Double? {
    try isNullValue(row, column) ? nil : double(row, column)
  }

  package func boolOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? {
    try isNullValue(row, column) ? nil : bool(row, column)
  }

  package func stringOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
    try isNullValue(row, column) ? nil : string(row, column)
  }

  package func uuidOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> RandomID? {
    try isNullValue(row, column) ? nil : uuid(row, column)
  }

  package func instantOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Instant? {
    try isNullValue(row, column) ? nil : instant(row, column)
  }

  /// NULL, and not a row or column that is not there.
  private func isNullValue(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
    guard (0..<rowCount).contains(row), (0..<columnCount).contains(column) else { throw absent(row, column) }
    return isNull(row, column)
  }

  private func value(_ row: Int, _ column: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
    if let bytes = bytes(row, column) { return bytes }
    throw try isNullValue(row, column) ? mismatch(row, column, "a value that is not NULL") : absent(row, column)
  }

  private func absent(_ row: Int, _ column: Int) -> PostgresError {
    .unexpectedResult("row \(row), column \(column) of \(rowCount) rows and \(columnCount) columns")
  }

  private func mismatch(_ row: Int, _ column: Int, _ wanted: String) -> PostgresError {
    let type = columnType(column).rawValue
    return .unexpectedResult("column \(columnName(column)) of type \(type), row \(row), is not \(wanted)")
  }
}

extension UnsafeRawBufferPointer {
  /// Reads an integer, most significant byte first; the caller has checked the length.
  func bigEndian<I: FixedWidthInteger>(_ type: I.Type) -> I { I(bigEndian: loadUnaligned(as: type)) }
}
