import Model

/// A list of values on its own, outside a batch: a copy's cursor, a key in the quarantine. Written like an entry's values.
package enum ValueList {
  /// The values' count and then each value, as in a batch.
  package static func encode(_ values: [Value]) -> [UInt8] {
    var buffer = WireBuffer(capacity: 64)
    buffer.append(varint: UInt64(values.count))
    for value in values {
      switch value {
      case .null: buffer.append(byte: ValueTag.null)
      case .integer(let integer):
        buffer.append(byte: ValueTag.integer)
        buffer.append(varint: UInt64(bitPattern: (integer << 1) ^ (integer >> 63)))
      case .real(let bits):
        buffer.append(byte: ValueTag.real)
        buffer.append(bigEndian: bits)
      case .text(let bytes), .blob(let bytes):
        if case .text = value { buffer.append(byte: ValueTag.text) } else { buffer.append(byte: ValueTag.blob) }
        buffer.append(varint: UInt64(bytes.count))
        buffer.append(bytes)
      }
    }
    return Array(buffer.bytes)
  }

  /// Nil for bytes that are no such list.
  package static func decode(_ bytes: [UInt8]) -> [Value]? {
    bytes.withUnsafeBytes { raw -> [Value]? in
      guard let base = raw.baseAddress else { return nil }
      var reader = PayloadReader(base: base, count: raw.count)
      return try? read(&reader)
    }
  }

  private static func read(_ reader: inout PayloadReader) throws(BatchFlaw) -> [Value] {
    let count = try reader.count(0...BatchLimits.columns, else: .columnCount)
    var values: [Value] = []
    for _ in 0..<count { values.append(try reader.value().owned) }
    guard reader.remaining == 0 else { throw .length }
    return values
  }
}
