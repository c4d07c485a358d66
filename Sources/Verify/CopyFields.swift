import Model
import Postgres

/// Reads the rows of a `COPY … TO STDOUT (FORMAT binary)`
/// (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format").
enum CopyFields {
  /// The signature and two empty words.
  private static let headerBytes = 19

  /// Lends each row's fields; none of them may be NULL.
  static func forEach(
    _ sql: String, of count: Int, on target: inout Connection, _ body: ([UnsafeRawBufferPointer]) throws -> Void
  ) throws {
    var isFirst = true
    try target.copyOut(sql) { bytes in
      var at = isFirst ? headerBytes : 0
      isFirst = false
      func word<I: FixedWidthInteger>(_ type: I.Type) throws(PostgresError) -> I {
        guard at + MemoryLayout<I>.size <= bytes.count else { throw .unexpectedResult("a row of a COPY is cut off") }
        defer { at += MemoryLayout<I>.size }
        return I(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: I.self))
      }
      let fieldCount = Int(try word(Int16.self))
      if fieldCount == -1 { return }
      guard fieldCount == count else { throw PostgresError.unexpectedResult("a row of a COPY has other fields") }
      var fields: [UnsafeRawBufferPointer] = []
      for _ in 0..<count {
        let length = Int(try word(Int32.self))
        guard length >= 0, at + length <= bytes.count else {
          throw PostgresError.unexpectedResult("a row of a COPY is cut off")
        }
        fields.append(UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]))
        at += length
      }
      try body(fields)
    }
  }
}
