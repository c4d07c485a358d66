/// Reads the parts of a written time, one after the other.
struct TimeScanner {
  let bytes: UnsafeRawBufferPointer
  var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }
  var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  /// Exactly so many digits.
  mutating func number(_ digits: Int) -> Int? {
    guard bytes.count - at >= digits else { return nil }
    var value = 0
    for offset in at..<at + digits {
      let digit = bytes[offset] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value * 10 + Int(digit)
    }
    at += digits
    return value
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    at += 1
    return true
  }

  mutating func take(text: Substring) -> Bool {
    guard bytes.count - at >= text.utf8.count, bytes[at..<at + text.utf8.count].elementsEqual(text.utf8) else {
      return false
    }
    at += text.utf8.count
    return true
  }

  /// One to nine digits after the second's point; nil where there are none or more. Exact where those beyond microseconds
  /// are zeros.
  mutating func fraction() -> (microseconds: Int, digits: Int, isExact: Bool)? {
    var value = 0
    var digits = 0
    var isExact = true
    while let byte = next, case let digit = byte &- UInt8(ascii: "0"), digit <= 9 {
      digits += 1
      guard digits <= 9 else { return nil }
      if digits <= 6 { value = value * 10 + Int(digit) } else if digit != 0 { isExact = false }
      at += 1
    }
    guard digits > 0 else { return nil }
    for _ in 0..<max(6 - digits, 0) { value *= 10 }
    return (value, digits, isExact)
  }

  /// `Z`, `z`, `+01:00`, `+0100` or `+01`.
  mutating func zone(_ form: inout TimeForm) -> Bool {
    if take(UInt8(ascii: "Z")) {
      form.zone = .upperZ
      return true
    }
    if take(UInt8(ascii: "z")) {
      form.zone = .lowerZ
      return true
    }
    form.isWest = next == UInt8(ascii: "-")
    guard form.isWest || next == UInt8(ascii: "+") else { return false }
    at += 1
    // PostgreSQL takes offsets of less than sixteen hours.
    guard let hours = number(2), hours < 16 else { return false }
    var minutes = 0
    if take(UInt8(ascii: ":")) {
      guard let found = number(2) else { return false }
      (form.zone, minutes) = (.colon, found)
    } else if let found = number(2) {
      (form.zone, minutes) = (.digits, found)
    } else {
      form.zone = .hours
    }
    guard minutes < 60 else { return false }
    form.offsetMinutes = UInt32(hours * 60 + minutes)
    return true
  }
}
