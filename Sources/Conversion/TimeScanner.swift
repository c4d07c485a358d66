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

  /// One to nine digits after the second's point, in microseconds; nil where there are none or more, or where those beyond
  /// microseconds are not zeros.
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

/// Writes the parts of a time.
extension [UInt8] {
  mutating func append(_ number: Int, digits: Int, pad: UInt8 = UInt8(ascii: "0")) {
    var divisor = 1
    for _ in 1..<Swift.max(digits, 1) { divisor *= 10 }
    var isLeading = true
    while divisor > 0 {
      let digit = number / divisor % 10
      isLeading = isLeading && digit == 0 && divisor > 1
      append(isLeading ? pad : UInt8(ascii: "0") + UInt8(digit))
      divisor /= 10
    }
  }

  /// False where the digits are too few.
  mutating func append(fraction microseconds: Int, digits: Int) -> Bool {
    var divisor = 100_000
    var rest = microseconds
    for _ in 0..<digits {
      append(UInt8(ascii: "0") + (divisor > 0 ? UInt8(rest / divisor) : 0))
      if divisor > 0 { rest %= divisor }
      divisor /= 10
    }
    return rest == 0
  }

  /// False where the form has no place for the minutes.
  mutating func append(zone form: TimeForm) -> Bool {
    switch form.zone {
    case .none: return true
    case .upperZ, .lowerZ:
      append(UInt8(ascii: form.zone == .upperZ ? "Z" : "z"))
      return form.offsetMinutes == 0
    case .colon, .digits, .hours:
      append(UInt8(ascii: form.isWest ? "-" : "+"))
      append(Int(form.offsetMinutes / 60), digits: 2)
      if form.zone == .hours { return form.offsetMinutes % 60 == 0 }
      if form.zone == .colon { append(UInt8(ascii: ":")) }
      append(Int(form.offsetMinutes % 60), digits: 2)
      return true
    }
  }
}
