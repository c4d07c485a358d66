/// A number as digits: text that is `[+-]?digits[.digits][e[+-]digits]`, looked at where it stands.
struct Decimal {
  let isNegative: Bool
  let hasPlus: Bool
  /// Digits written before and after the point.
  let wholeDigits: Int
  let fractionDigits: Int
  /// Nil where none is written.
  let exponent: Int?
  /// Where the exponent's letter stands.
  let exponentStart: Int

  private let bytes: UnsafeRawBufferPointer
  private let start: Int
  /// The first and last digit that is not 0, by the power of ten that it counts; nil for zero.
  private(set) var powers: ClosedRange<Int>?

  /// Nil for what is no number.
  init?(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    isNegative = bytes.first == UInt8(ascii: "-")
    hasPlus = bytes.first == UInt8(ascii: "+")
    if isNegative || hasPlus { at += 1 }
    start = at

    func skipDigits() -> Int {
      let from = at
      while at < bytes.count, bytes[at] &- UInt8(ascii: "0") <= 9 { at += 1 }
      return at - from
    }
    wholeDigits = skipDigits()
    guard wholeDigits > 0 else { return nil }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      at += 1
      fractionDigits = skipDigits()
      guard fractionDigits > 0 else { return nil }
    } else {
      fractionDigits = 0
    }
    exponentStart = at
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      let isBelow = at < bytes.count && bytes[at] == UInt8(ascii: "-")
      if isBelow || (at < bytes.count && bytes[at] == UInt8(ascii: "+")) { at += 1 }
      let from = at
      guard skipDigits() > 0 else { return nil }
      var value = 0
      for digit in bytes[from..<at] { value = min(value * 10 + Int(digit - UInt8(ascii: "0")), Self.largestExponent) }
      exponent = isBelow ? -value : value
    } else {
      exponent = nil
    }
    guard at == bytes.count else { return nil }
    self.bytes = bytes
    let all = wholeDigits + fractionDigits
    if let first = (0..<all).first(where: { digit(number: $0) != 0 }),
      let last = (0..<all).last(where: { digit(number: $0) != 0 })
    {
      powers = power(ofNumber: last)...power(ofNumber: first)
    }
  }

  /// From here on PostgreSQL (before version 16) does not read an exponent, not even of zero.
  static let largestExponent = 1_073_741_823

  /// How many digits PostgreSQL shows after the point.
  var scale: Int { max(fractionDigits - (exponent ?? 0), 0) }

  /// The digit that counts a power of ten, 0 where none is written.
  func digit(_ power: Int) -> Int {
    let number = wholeDigits - 1 + (exponent ?? 0) - power
    return number >= 0 && number < wholeDigits + fractionDigits ? digit(number: number) : 0
  }

  private func power(ofNumber number: Int) -> Int { wholeDigits - 1 + (exponent ?? 0) - number }

  private func digit(number: Int) -> Int {
    Int(bytes[start + number + (number < wholeDigits ? 0 : 1)] - UInt8(ascii: "0"))
  }
}
