import Model

/// Decimals without the zeros that they merely show: 1.50 and 1.5 are one number, and a REAL has no zeros to show.
extension Conversion {
  /// A numeric's field as `numeric_send(trim_scale(…))` gives it.
  /// - Parameter start: where the field begins, with its length, at the buffer's end.
  package static func hideZeros(from start: Int, in buffer: inout WireBuffer) {
    let field = UnsafeRawBufferPointer(rebasing: buffer.bytes[min(start + 4, buffer.count)...])
    guard let scale = neededScale(field) else { return }
    buffer.overwrite(at: start + 10, bigEndian: scale)
  }

  /// The same with a field of its own.
  package static func hidingZeros(_ field: [UInt8]) -> [UInt8] {
    guard let scale = field.withUnsafeBytes({ neededScale($0) }) else { return field }
    var field = field
    (field[6], field[7]) = (UInt8(scale >> 8), UInt8(scale & 0xFF))
    return field
  }

  /// How many digits after the point a number needs; nil for what is none. From the last group of four digits, which is not
  /// zero in what is sent.
  private static func neededScale(_ field: UnsafeRawBufferPointer) -> UInt16? {
    guard field.count >= 8 else { return nil }
    func word(_ at: Int) -> UInt16 { UInt16(bigEndian: field.loadUnaligned(fromByteOffset: at, as: UInt16.self)) }
    let groups = Int(word(0))
    guard field.count >= 8 + groups * 2, word(4) & 0xC000 != 0xC000 else { return nil }
    guard groups > 0 else { return 0 }
    let after = groups - 1 - Int(Int16(bitPattern: word(2)))
    guard after > 0 else { return 0 }
    var last = word(8 + (groups - 1) * 2)
    var scale = after * 4
    while last > 0, last % 10 == 0 { (last, scale) = (last / 10, scale - 1) }
    return UInt16(truncatingIfNeeded: max(scale, 0))
  }
}
