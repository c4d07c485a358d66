import Model
import Postgres

/// One row of a binary COPY, field by field; every length is checked against the bytes there are.
struct CopyRow: ~Copyable {
  private static let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
  static let malformed = PostgresError.unexpectedResult("a row of a binary COPY that is not one")

  let fieldCount: Int
  private let bytes: UnsafeRawBufferPointer
  private var offset: Int

  /// - Parameter isFirst: the piece begins with the header.
  /// - Returns: nil for the trailer.
  init?(_ bytes: UnsafeRawBufferPointer, isFirst: Bool) throws(PostgresError) {
    var offset = 0
    if isFirst {
      guard bytes.count >= 19, bytes.prefix(11).elementsEqual(Self.signature) else { throw Self.malformed }
      let extra = Int(bytes.loadUnaligned(fromByteOffset: 15, as: UInt32.self).bigEndian)
      offset = 19 + extra
    }
    guard bytes.count >= offset + 2 else { throw Self.malformed }
    let count = Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
    if count == -1 { return nil }
    guard count >= 0 else { throw Self.malformed }
    fieldCount = Int(count)
    self.bytes = bytes
    self.offset = offset + 2
  }

  /// The next field's bytes; nil for NULL. They die with the piece.
  mutating func next() throws(PostgresError) -> UnsafeRawBufferPointer? {
    guard bytes.count - offset >= 4 else { throw Self.malformed }
    let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
    offset += 4
    if length == -1 { return nil }
    guard length >= 0, length <= bytes.count - offset else { throw Self.malformed }
    defer { offset += length }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)])
  }

  /// Throws where bytes are left.
  func end() throws(PostgresError) {
    // The trailer may come with the last row.
    let left = bytes.count - offset
    guard left == 0 || left == 2 && bytes[offset] == 0xFF && bytes[offset + 1] == 0xFF else { throw Self.malformed }
  }
}
