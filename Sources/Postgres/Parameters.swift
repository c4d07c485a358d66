import Model

/// The parameters of one statement in binary form, kept in one buffer that is reused from row to row.
///
/// `removeAll()` keeps the memory, so that a loop over rows does not allocate.
package struct Parameters: ~Copyable {
  /// Where a parameter's bytes stand; a length of −1 is NULL.
  @usableFromInline struct Slot {
    @usableFromInline var offset: Int
    @usableFromInline var length: Int32
    @usableFromInline var type: OID

    @inlinable init(offset: Int, length: Int32, type: OID) {
      self.offset = offset
      self.length = length
      self.type = type
    }
  }

  /// PostgreSQL takes no value of a gigabyte or more.
  @usableFromInline static let longestValue = 0x3FFF_FFFF

  @usableFromInline var buffer: WireBuffer
  @usableFromInline var slots: ContiguousArray<Slot> = []
  /// Set by a value over a gigabyte, which sending refuses.
  @usableFromInline var isTooLong = false

  /// - Parameter capacity: bytes to begin with; it grows by itself.
  package init(capacity: Int = 512) { buffer = WireBuffer(capacity: capacity) }

  /// How many parameters there are; the server takes 65,535.
  @inlinable package var count: Int { slots.count }

  /// Bytes of all values.
  @inlinable package var byteCount: Int { buffer.count }

  /// Forgets the values, keeps the memory.
  @inlinable package mutating func removeAll() {
    buffer.removeAll()
    slots.removeAll(keepingCapacity: true)
    isTooLong = false
  }

  @inlinable package mutating func append(null type: OID) {
    slots.append(Slot(offset: buffer.count, length: -1, type: type))
  }

  @inlinable package mutating func append(bool value: Bool) {
    note(length: 1, type: .bool)
    buffer.append(byte: value ? 1 : 0)
  }

  @inlinable package mutating func append(int16 value: Int16) {
    note(length: 2, type: .int2)
    buffer.append(bigEndian: value)
  }

  @inlinable package mutating func append(int32 value: Int32) {
    note(length: 4, type: .int4)
    buffer.append(bigEndian: value)
  }

  @inlinable package mutating func append(int64 value: Int64) {
    note(length: 8, type: .int8)
    buffer.append(bigEndian: value)
  }

  @inlinable package mutating func append(double value: Double) { append(doubleBits: value.bitPattern) }

  /// A double by its bits, so that −0.0 and a NaN's payload pass as they are.
  @inlinable package mutating func append(doubleBits bits: UInt64) {
    note(length: 8, type: .float8)
    buffer.append(bigEndian: bits)
  }

  @inlinable package mutating func append(text value: String) {
    let start = buffer.count
    buffer.append(utf8: value)
    noteWritten(from: start, type: .text)
  }

  /// Text as bytes. The server refuses NUL and invalid UTF-8 (SQLSTATE 22021).
  @inlinable package mutating func append(text bytes: UnsafeRawBufferPointer) { append(raw: bytes, oid: .text) }

  @inlinable package mutating func append(bytea bytes: UnsafeRawBufferPointer) { append(raw: bytes, oid: .bytea) }

  @inlinable package mutating func append(bytea bytes: [UInt8]) { bytes.withUnsafeBytes { append(bytea: $0) } }

  @inlinable package mutating func append(uuid value: RandomID) {
    note(length: 16, type: .uuid)
    buffer.append(bigEndian: value.high)
    buffer.append(bigEndian: value.low)
  }

  /// A point in time as `timestamptz`.
  package mutating func append(instant value: Instant) {
    note(length: 8, type: .timestamptz)
    buffer.append(bigEndian: value.microseconds &- Instant.postgresEpoch)
  }

  /// A value already in the binary form of the type `oid`.
  @inlinable package mutating func append(raw bytes: UnsafeRawBufferPointer, oid: OID) {
    let start = buffer.count
    buffer.append(bytes)
    noteWritten(from: start, type: oid)
  }

  /// A one-dimensional array; its type is the built-in one over its elements, or the `oid` given.
  package mutating func append(array: borrowing BinaryArray, oid: OID? = nil) {
    let start = buffer.count
    array.write(to: &buffer)
    noteWritten(from: start, type: oid ?? array.elementOID.array ?? .unspecified)
  }

  @inlinable @inline(__always) mutating func note(length: Int32, type: OID) {
    slots.append(Slot(offset: buffer.count, length: length, type: type))
  }

  @inlinable @inline(__always) mutating func noteWritten(from start: Int, type: OID) {
    let length = buffer.count - start
    if length > Self.longestValue { isTooLong = true }
    slots.append(Slot(offset: start, length: Int32(truncatingIfNeeded: length), type: type))
  }
}

@available(*, unavailable) extension Parameters: Sendable {}

extension Instant {
  /// 2000-01-01 UTC, from which PostgreSQL counts, in microseconds after 1970-01-01.
  static let postgresEpoch: Int64 = 946_684_800_000_000
}
