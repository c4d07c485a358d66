import Model

/// The values of the entry begun last. Called per column, straight from `sqlite3_column_*`.
extension EntryEncoder {
  @inlinable @inline(__always) package mutating func null() {
    begin(ValueTag.null)
  }

  @inlinable @inline(__always) package mutating func integer(_ value: Int64) {
    begin(ValueTag.integer)
    // Zigzag: small negative numbers are short too.
    buffer.append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  @inlinable @inline(__always) package mutating func real(_ value: Double) {
    real(bits: value.bitPattern)
  }

  @inlinable @inline(__always) package mutating func real(bits: UInt64) {
    begin(ValueTag.real)
    buffer.append(bigEndian: bits)
  }

  @inlinable @inline(__always) package mutating func text(_ bytes: UnsafeRawBufferPointer) {
    begin(ValueTag.text)
    buffer.append(varint: UInt64(bytes.count))
    buffer.append(bytes)
  }

  @inlinable @inline(__always) package mutating func blob(_ bytes: UnsafeRawBufferPointer) {
    begin(ValueTag.blob)
    buffer.append(varint: UInt64(bytes.count))
    buffer.append(bytes)
  }

  /// Appends an owned value, where speed does not matter.
  package mutating func value(_ value: Value) {
    switch value {
    case .null: null()
    case .integer(let value): integer(value)
    case .real(let bits): real(bits: bits)
    case .text(let bytes): bytes.withUnsafeBytes { text($0) }
    case .blob(let bytes): bytes.withUnsafeBytes { blob($0) }
    }
  }

  @inlinable @inline(__always) mutating func begin(_ tag: UInt8) {
    precondition(lacking > 0, "the entry already has all its values")
    lacking &-= 1
    buffer.append(byte: tag)
  }
}
