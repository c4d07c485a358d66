import Model

/// One column of many rows as a binary array parameter: the header, then the fields as COPY would hold them.
final class ArrayColumn {
  private static let headerBytes = 20
  private var buffer = WireBuffer()
  private(set) var count: Int32 = 0
  private var hasNull = false
  private let elementType: UInt32

  init(elementType: UInt32) {
    self.elementType = elementType
    for _ in 0..<Self.headerBytes { buffer.append(byte: 0) }
  }

  /// Appends a field: its length, −1 for NULL, and its bytes.
  func append(field: UnsafeRawBufferPointer) {
    if field.loadUnaligned(as: Int32.self) == -1 { hasNull = true }
    buffer.append(field)
    count += 1
  }

  /// The array as array_recv reads it (one dimension, first subscript 1).
  func finished() -> UnsafeRawBufferPointer {
    buffer.overwrite(at: 0, bigEndian: Int32(1))
    buffer.overwrite(at: 4, bigEndian: Int32(hasNull ? 1 : 0))
    buffer.overwrite(at: 8, bigEndian: elementType)
    buffer.overwrite(at: 12, bigEndian: count)
    buffer.overwrite(at: 16, bigEndian: Int32(1))
    return buffer.bytes
  }
}
