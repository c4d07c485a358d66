import Model
import Schema

/// UUIDs as text: 32 digits, in groups or not, in braces or not, lower or upper case.
enum UUIDText {
  private static let upper: UInt32 = 1
  private static let plain: UInt32 = 2
  private static let braces: UInt32 = 4

  static func append(_ text: UnsafeRawBufferPointer, to buffer: inout WireBuffer) throws(Misfit) -> Spelling {
    var form: UInt32 = 0
    var at = 0
    var end = text.count
    if text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") {
      form |= braces
      at += 1
      end -= 1
    }
    if end - at == 32 {
      form |= plain
    } else if end - at != 36 {
      throw .malformed(.uuid)
    }
    var hasLower = false
    var high: UInt8?
    buffer.append(bigEndian: Int32(16))
    var count = 0
    while at < end {
      let byte = text[at]
      at += 1
      if form & plain == 0, count == 8 || count == 12 || count == 16 || count == 20, byte == UInt8(ascii: "-"),
        text[at - 2] != byte
      {
        continue
      }
      guard let value = Hexadecimal.value(byte) else { throw .malformed(.uuid) }
      if byte >= UInt8(ascii: "a") { hasLower = true } else if value >= 10 { form |= upper }
      count += 1
      if let first = high {
        buffer.append(byte: first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    guard count == 32, !hasLower || form & upper == 0 else { throw .malformed(.uuid) }
    return .text(form: form)
  }

  static func text(_ field: UnsafeRawBufferPointer, _ spelling: Spelling) -> [UInt8] {
    let form = spelling.form
    var text: [UInt8] = []
    text.reserveCapacity(38)
    if form & braces != 0 { text.append(UInt8(ascii: "{")) }
    for (index, byte) in field.enumerated() {
      if form & plain == 0, [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text.append(Hexadecimal.digit(byte >> 4, isUpper: form & upper != 0))
      text.append(Hexadecimal.digit(byte & 15, isUpper: form & upper != 0))
    }
    if form & braces != 0 { text.append(UInt8(ascii: "}")) }
    return text
  }
}
