extension Parser {
  /// A numeric literal: an integer beyond 64 bits is a real, a hexadecimal one is 64 bits of two's complement.
  func number(_ text: String) throws(SyntaxError) -> Literal {
    let wrong = SyntaxError(reason: "'\(text.prefix(40))' is no number")
    if text.lowercased().hasPrefix("0x") {
      let digits = text.dropFirst(2)
      guard digits.utf8.first != UInt8(ascii: "+"), let bits = UInt64(digits, radix: 16) else { throw wrong }
      return .integer(Int64(bitPattern: bits))
    }
    guard let isReal = Self.isReal(text.utf8) else { throw wrong }
    if !isReal, let integer = Int64(text) { return .integer(integer) }
    var digits = text
    if let point = text.utf8.firstIndex(of: UInt8(ascii: ".")) {
      // Swift wants a digit on both sides of the point.
      let fraction = text[text.index(after: point)...]
      let isBare = fraction.utf8.first.map { !(48...57).contains($0) } ?? true
      digits = "0" + text[..<point] + "." + (isBare ? "0" : "") + fraction
    }
    guard let real = Double(digits) else { throw wrong }
    guard real.isFinite else { throw SyntaxError(reason: "'\(text.prefix(40))' is infinite") }
    return .real(real)
  }

  /// Whether it has a point or an exponent; nil when it is no decimal number.
  private static func isReal(_ text: String.UTF8View) -> Bool? {
    var rest = text[...]
    func digits(_ rest: inout Substring.UTF8View) -> Int {
      let before = rest.count
      rest = rest.drop { (48...57).contains($0) }
      return before - rest.count
    }
    var count = digits(&rest)
    var isReal = false
    if rest.first == UInt8(ascii: ".") {
      isReal = true
      rest = rest.dropFirst()
      count += digits(&rest)
    }
    guard count > 0 else { return nil }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      isReal = true
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits(&rest) > 0 else { return nil }
    }
    return rest.isEmpty ? isReal : nil
  }

  func blob(_ text: String) throws(SyntaxError) -> [UInt8] {
    let digits = Array(text.utf8.dropFirst(2).dropLast())
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard index + 1 < digits.count, let high = Self.digit(digits[index]), let low = Self.digit(digits[index + 1])
      else { throw SyntaxError(reason: "\(text.prefix(40)) is no blob") }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}

extension Literal {
  /// The number with a sign before it; nil for what is no number, or no longer an integer.
  func signed(_ sign: UnaryOperator) -> Literal? {
    switch (self, sign) {
    case (.integer(let value), .minus): value == .min ? nil : .integer(-value)
    case (.real(let value), .minus): .real(-value)
    default: nil
    }
  }
}
