import Model

/// Reads the primitives of a payload. Every read is checked against the end, whatever the bytes say.
struct PayloadReader {
  private let base: UnsafeRawPointer
  private let end: Int
  /// Bytes read so far.
  private(set) var offset = 0

  init(base: UnsafeRawPointer, count: Int) {
    self.base = base
    end = count
  }

  var remaining: Int { end &- offset }

  mutating func byte() throws(BatchFlaw) -> UInt8 {
    guard offset < end else { throw .truncatedEntry }
    let value = base.load(fromByteOffset: offset, as: UInt8.self)
    offset &+= 1
    return value
  }

  mutating func uint64() throws(BatchFlaw) -> UInt64 {
    guard remaining >= 8 else { throw .truncatedEntry }
    let value = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    offset &+= 8
    return value
  }

  /// An unsigned LEB128 number of at most 64 bits, in its shortest form.
  mutating func varint() throws(BatchFlaw) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      // The tenth byte carries the 64th bit and nothing else.
      if shift == 63, next > 1 { throw .varint }
      value |= UInt64(next & 0x7F) &<< shift
      if next < 0x80 {
        if next == 0, shift > 0 { throw .varint }
        return value
      }
      shift &+= 7
    }
  }

  mutating func integer() throws(BatchFlaw) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
  }

  /// A length and as many bytes, lent.
  mutating func bytes() throws(BatchFlaw) -> UnsafeRawBufferPointer {
    let count = try varint()
    guard count <= UInt64(remaining) else { throw .truncatedEntry }
    let bytes = UnsafeRawBufferPointer(start: base + offset, count: Int(count))
    offset &+= Int(count)
    return bytes
  }

  /// A count of things that take a byte or more each, so that nothing is reserved for what cannot be there.
  mutating func count(_ range: ClosedRange<Int>, else flaw: BatchFlaw) throws(BatchFlaw) -> Int {
    let count = try varint()
    guard let count = Int(exactly: count), range.contains(count) else { throw flaw }
    guard count <= remaining else { throw .truncatedEntry }
    return count
  }

  mutating func name() throws(BatchFlaw) -> String {
    guard let name = String(validating: try bytes(), as: UTF8.self) else { throw .name }
    return name
  }

  /// A tagged value; text and blobs lend the payload's memory.
  @inline(__always) mutating func value() throws(BatchFlaw) -> ValueView {
    switch try byte() {
    case ValueTag.null: return .null
    case ValueTag.integer: return .integer(try integer())
    case ValueTag.real: return .real(Double(bitPattern: try uint64()))
    case ValueTag.text: return .text(try bytes())
    case ValueTag.blob: return .blob(try bytes())
    default: throw .tag
    }
  }
}
