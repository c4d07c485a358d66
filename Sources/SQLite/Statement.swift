import CSQLite
import Model

/// A prepared statement. Finalised once, when the value dies.
@usableFromInline package struct Statement: ~Copyable {
  @usableFromInline let handle: OpaquePointer
  /// The connection, for error messages only; it outlives its statements (`sqlite3_close_v2`).
  private let database: OpaquePointer

  init(handle: OpaquePointer, database: OpaquePointer) {
    self.handle = handle
    self.database = database
  }

  deinit { sqlite3_finalize(handle) }

  package var columnCount: Int { Int(sqlite3_column_count(handle)) }
  package var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

  package func columnName(_ index: Int) -> String {
    guard let name = sqlite3_column_name(handle, Int32(index)) else { return "" }
    return String(cString: name)
  }

  /// Advances to the next row; false when there is none.
  @discardableResult
  package func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw error("run a statement")
    }
  }

  /// Makes the statement ready to run again. Parameters stay bound.
  package func reset() { sqlite3_reset(handle) }

  /// Runs a statement that returns no rows, from the start, and resets it.
  package func run() throws(SQLiteError) {
    defer { reset() }
    while try step() {}
  }

  // MARK: Binding (positions start at 1)

  package func bindNull(_ position: Int) throws(SQLiteError) {
    try check(sqlite3_bind_null(handle, Int32(position)))
  }

  package func bind(_ value: Int64, at position: Int) throws(SQLiteError) {
    try check(sqlite3_bind_int64(handle, Int32(position), value))
  }

  package func bind(_ value: Double, at position: Int) throws(SQLiteError) {
    try check(sqlite3_bind_double(handle, Int32(position), value))
  }

  /// Binds text by its bytes; SQLite copies them.
  package func bind(text bytes: UnsafeRawBufferPointer, at position: Int) throws(SQLiteError) {
    try check(code(binding: bytes, asText: true, at: position))
  }

  /// Binds a blob by its bytes; SQLite copies them.
  package func bind(blob bytes: UnsafeRawBufferPointer, at position: Int) throws(SQLiteError) {
    try check(code(binding: bytes, asText: false, at: position))
  }

  private func code(binding bytes: UnsafeRawBufferPointer, asText: Bool, at position: Int) -> Int32 {
    // A null address would bind NULL, so that no bytes at all still need one.
    let start = bytes.isEmpty ? UnsafeRawPointer(emptyBytes) : bytes.baseAddress
    let count = UInt64(bytes.count)
    return asText
      ? sqlite3_bind_text64(
        handle, Int32(position), start?.assumingMemoryBound(to: CChar.self), count, transientDestructor,
        UInt8(SQLITE_UTF8))
      : sqlite3_bind_blob64(handle, Int32(position), start, count, transientDestructor)
  }

  package func bind(_ text: String, at position: Int) throws(SQLiteError) {
    try bind(.text(text), at: position)
  }

  package func bind(_ value: Value, at position: Int) throws(SQLiteError) {
    switch value {
    case .null: try bindNull(position)
    case .integer(let integer): try bind(integer, at: position)
    case .real(let bits): try bind(Double(bitPattern: bits), at: position)
    case .text(let bytes):
      try check(bytes.withUnsafeBytes { code(binding: $0, asText: true, at: position) })
    case .blob(let bytes):
      try check(bytes.withUnsafeBytes { code(binding: $0, asText: false, at: position) })
    }
  }

  package func bind(all values: [Value]) throws(SQLiteError) {
    for (index, value) in values.enumerated() { try bind(value, at: index + 1) }
  }

  // MARK: Reading the current row (columns start at 0)

  @inlinable @inline(__always) package func storageClass(_ column: Int) -> StorageClass {
    switch sqlite3_column_type(handle, Int32(truncatingIfNeeded: column)) {
    case SQLITE_INTEGER: .integer
    case SQLITE_FLOAT: .real
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  @inlinable @inline(__always) package func integer(_ column: Int) -> Int64 {
    sqlite3_column_int64(handle, Int32(truncatingIfNeeded: column))
  }

  @inlinable @inline(__always) package func real(_ column: Int) -> Double {
    sqlite3_column_double(handle, Int32(truncatingIfNeeded: column))
  }

  /// Lends a TEXT column's bytes (as UTF-8, whatever the database's encoding), which die at the next `step()`.
  @inlinable @inline(__always) package func withText<R, E: Error>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let start = sqlite3_column_text(handle, Int32(truncatingIfNeeded: column))  // Before `bytes`: it may convert.
    let count = Int(sqlite3_column_bytes(handle, Int32(truncatingIfNeeded: column)))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// Lends a BLOB column's bytes, which die at the next `step()`.
  @inlinable @inline(__always) package func withBlob<R, E: Error>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let start = sqlite3_column_blob(handle, Int32(truncatingIfNeeded: column))
    let count = Int(sqlite3_column_bytes(handle, Int32(truncatingIfNeeded: column)))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// Lends a column's value; text as UTF-8. It dies at the next `step()`.
  @inlinable @inline(__always) package func view(_ column: Int) -> ValueView {
    // One look into the row for a value instead of three. Unprotected, as the C interface calls it: from other threads, and no
    // other uses the connection.
    let value = sqlite3_column_value(handle, Int32(truncatingIfNeeded: column))
    switch sqlite3_value_type(value) {
    case SQLITE_INTEGER: return .integer(sqlite3_value_int64(value))
    case SQLITE_FLOAT: return .real(sqlite3_value_double(value))
    case SQLITE_TEXT:
      let start = sqlite3_value_text(value)  // Before `bytes`: it may convert.
      let count = Int(sqlite3_value_bytes(value))
      return .text(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    case SQLITE_BLOB:
      let start = sqlite3_value_blob(value)
      return .blob(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value))))
    default: return .null
    }
  }

  package func value(_ column: Int) -> Value { view(column).owned }

  /// A column as a string, for schema names and other text known to be UTF-8; nil for NULL.
  package func string(_ column: Int) -> String? {
    guard storageClass(column) != .null else { return nil }
    return withText(column) { String(decoding: $0, as: UTF8.self) }
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    if code != SQLITE_OK { throw error("bind a value") }
  }

  private func error(_ operation: String) -> SQLiteError {
    SQLiteError(
      operation: operation, code: sqlite3_extended_errcode(database), message: String(cString: sqlite3_errmsg(database))
    )
  }
}

@available(*, unavailable) extension Statement: Sendable {}

/// Tells SQLite to copy what is bound.
private let transientDestructor = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// A non-null address that nothing is read from.
nonisolated(unsafe) private let emptyBytes = UnsafeRawPointer(
  UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
