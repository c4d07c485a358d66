import CPostgres

/// The rows of one statement, in binary. It outlives its connection; freed once, when the value dies.
package struct QueryResult: ~Copyable {
  let handle: OpaquePointer

  init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { PQclear(handle) }

  var status: ExecStatusType { PQresultStatus(handle) }

  /// Whether this is an error that the server sent: libpq's own come without an SQLSTATE.
  var isServerError: Bool { PQresultErrorField(handle, Int32(UInt8(ascii: "C"))) != nil }

  package var rowCount: Int { Int(PQntuples(handle)) }
  package var columnCount: Int { Int(PQnfields(handle)) }

  /// Rows that INSERT, UPDATE, DELETE, MERGE, SELECT or COPY touched; 0 for other statements.
  package var affectedRows: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

  /// The column's name; empty where there is no such column.
  package func columnName(_ column: Int) -> String {
    Int32(exactly: column).flatMap { PQfname(handle, $0) }.map { String(cString: $0) } ?? ""
  }

  package func columnType(_ column: Int) -> OID { OID(Int32(exactly: column).map { PQftype(handle, $0) } ?? 0) }

  /// The number of the column of that name as the server reports it; nil where there is none.
  package func column(named name: String) -> Int? { (0..<columnCount).first { columnName($0) == name } }

  /// Whether the value is NULL; true also where there is no such row or column.
  package func isNull(_ row: Int, _ column: Int) -> Bool { bytes(row, column) == nil }

  /// Lends a value's bytes in the binary form of its type.
  /// - Returns: the closure's result; nil without calling it where the value is NULL or not there.
  package func withBytes<R, E: Error>(
    _ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R? {
    guard let bytes = bytes(row, column) else { return nil }
    return try body(bytes)
  }

  /// The value's bytes, which die with the result; nil where it is NULL or not there.
  func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
    guard row >= 0, row < rowCount, column >= 0, column < columnCount else { return nil }
    let row = Int32(row)
    let column = Int32(column)
    guard PQgetisnull(handle, row, column) == 0, let start = PQgetvalue(handle, row, column) else { return nil }
    return UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(handle, row, column)))
  }
}

@available(*, unavailable) extension QueryResult: Sendable {}
