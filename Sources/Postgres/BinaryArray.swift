import Model

/// Builds the binary form of a one-dimensional array (array_recv in the server): elements are appended, then the whole
/// goes into `Parameters`, or into a COPY row through `write(to:)`.
package struct BinaryArray: ~Copyable {
  package let elementOID: OID
  /// Elements, each its length (−1 for NULL) and its bytes.
  @usableFromInline var elements: WireBuffer
  /// How many elements there are, NULLs included.
  package private(set) var count = 0
  package private(set) var hasNull = false

  /// - Parameter capacity: bytes to begin with; it grows by itself.
  package init(elementOID: OID, capacity: Int = 1024) {
    self.elementOID = elementOID
    elements = WireBuffer(capacity: capacity)
  }

  /// Bytes that `write(to:)` writes.
  package var byteCount: Int { count == 0 ? 12 : 20 + elements.count }

  /// Forgets the elements, keeps the memory.
  package mutating func removeAll() {
    elements.removeAll()
    count = 0
    hasNull = false
  }

  package mutating func appendNull() {
    elements.append(bigEndian: Int32(-1))
    count += 1
    hasNull = true
  }

  /// An element whose binary form is an integer of its own width: int2, int4, int8, timestamps; a double's bits.
  package mutating func append<I: FixedWidthInteger>(bigEndian value: I) {
    elements.append(bigEndian: Int32(MemoryLayout<I>.size))
    elements.append(bigEndian: value)
    count += 1
  }

  package mutating func append(int64 value: Int64) { append(bigEndian: value) }

  package mutating func append(double value: Double) { append(bigEndian: value.bitPattern) }

  package mutating func append(bool value: Bool) { append(bigEndian: UInt8(value ? 1 : 0)) }

  /// An element already in the binary form of the element type.
  package mutating func append(bytes: UnsafeRawBufferPointer) {
    elements.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
    elements.append(bytes)
    count += 1
  }

  package mutating func append(bytes: [UInt8]) { bytes.withUnsafeBytes { append(bytes: $0) } }

  package mutating func append(text: String) {
    var text = text
    text.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
  }

  package mutating func append(uuid value: RandomID) {
    elements.append(bigEndian: Int32(16))
    elements.append(bigEndian: value.high)
    elements.append(bigEndian: value.low)
    count += 1
  }

  /// Writes the array's binary form, without a length before it.
  package borrowing func write(to buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int32(count == 0 ? 0 : 1))
    buffer.append(bigEndian: Int32(hasNull ? 1 : 0))
    buffer.append(bigEndian: elementOID.rawValue)
    guard count > 0 else { return }
    buffer.append(bigEndian: Int32(truncatingIfNeeded: count))
    buffer.append(bigEndian: Int32(1))  // The first subscript.
    buffer.append(elements.bytes)
  }
}

@available(*, unavailable) extension BinaryArray: Sendable {}
