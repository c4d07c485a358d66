/// A growing stretch of raw memory that encoders append to and that is reused from row to row.
///
/// A struct over raw memory, passed `inout`: `[UInt8].append` costs twice as much per row and a class three times
/// (exclusivity checks at run time).
@usableFromInline package struct WireBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  /// Bytes written so far.
  @inlinable package var count: Int { written }
  @usableFromInline var written = 0

  package init(capacity: Int = 4096) {
    self.capacity = max(capacity, 16)
    base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// The bytes written so far; they die at the next append.
  @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: written) }

  @inlinable package mutating func removeAll() { written = 0 }

  /// Forgets everything after the first `count` bytes.
  @inlinable package mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= written)
    written = count
  }

  @inlinable @inline(__always) package mutating func reserve(_ more: Int) {
    if written &+ more > capacity { grow(more) }
  }

  @usableFromInline mutating func grow(_ more: Int) {
    var size = capacity
    while size < written + more { size *= 2 }
    let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    larger.copyMemory(from: base, byteCount: written)
    base.deallocate()
    base = larger
    capacity = size
  }

  @inlinable @inline(__always) package mutating func append(byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
    written &+= 1
  }

  /// Appends an integer, most significant byte first.
  @inlinable @inline(__always) package mutating func append<I: FixedWidthInteger>(bigEndian value: I) {
    let size = MemoryLayout<I>.size
    reserve(size)
    base.storeBytes(of: value.bigEndian, toByteOffset: written, as: I.self)
    written &+= size
  }

  @inlinable @inline(__always) package mutating func append(_ source: UnsafeRawBufferPointer) {
    reserve(source.count)
    if let start = source.baseAddress {
      base.advanced(by: written).copyMemory(from: start, byteCount: source.count)
      written &+= source.count
    }
  }

  @inlinable package mutating func append(_ source: [UInt8]) {
    source.withUnsafeBytes { append($0) }
  }

  @inlinable package mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inlinable package mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends an unsigned LEB128 number: seven bits a byte, least significant first.
  @inlinable @inline(__always) package mutating func append(varint value: UInt64) {
    reserve(10)
    var rest = value
    while rest >= 0x80 {
      base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: written, as: UInt8.self)
      written &+= 1
      rest >>= 7
    }
    base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: written, as: UInt8.self)
    written &+= 1
  }

  /// Overwrites bytes already written, for a length or count known only afterwards.
  @inlinable package mutating func overwrite<I: FixedWidthInteger>(at offset: Int, bigEndian value: I) {
    precondition(offset >= 0 && offset + MemoryLayout<I>.size <= written)
    base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: I.self)
  }
}
