import Schema

/// What of a written number its value does not tell: digits after the point, a plus, how an exponent is written.
struct NumericForm {
  let fractionDigits: Int
  let hasPlus: Bool
  /// Nil for numbers without one. The digits before it have one of them before the point, and that is not 0.
  let exponent: Exponent?

  struct Exponent {
    let isUpper: Bool
    let hasPlus: Bool
    /// At least two, `e-05`, as C writes it.
    let hasTwoDigits: Bool
  }

  /// Nil for a number that no form writes: with leading zeros, or with an exponent that could as well be another.
  init?(_ decimal: Decimal, _ text: UnsafeRawBufferPointer) {
    let start = decimal.isNegative || decimal.hasPlus ? 1 : 0
    guard decimal.wholeDigits == 1 || text[start] != UInt8(ascii: "0"), decimal.fractionDigits <= NumericField.mostScale
    else { return nil }
    fractionDigits = decimal.fractionDigits
    hasPlus = decimal.hasPlus
    guard let value = decimal.exponent else {
      exponent = nil
      return
    }
    guard decimal.wholeDigits == 1, text[start] != UInt8(ascii: "0") else { return nil }
    let sign = text[decimal.exponentStart + 1]
    let hasSign = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
    let digits = text[(decimal.exponentStart + (hasSign ? 2 : 1))...]
    let isPadded = digits.count == 2 && digits.first == UInt8(ascii: "0")
    guard digits.count == 1 || isPadded || digits.first != UInt8(ascii: "0"),
      value != 0 || sign != UInt8(ascii: "-")
    else { return nil }
    exponent = Exponent(
      isUpper: text[decimal.exponentStart] == UInt8(ascii: "E"), hasPlus: sign == UInt8(ascii: "+"),
      hasTwoDigits: isPadded)
  }

  init?(_ spelling: Spelling) {
    let bits = spelling.form
    guard bits >> 19 == 0 else { return nil }
    fractionDigits = Int(bits & 0x3FFF)
    hasPlus = bits >> 14 & 1 == 1
    exponent =
      bits >> 15 & 1 == 0
      ? nil
      : Exponent(isUpper: bits >> 16 & 1 == 1, hasPlus: bits >> 17 & 1 == 1, hasTwoDigits: bits >> 18 & 1 == 1)
  }

  var spelling: Spelling {
    var bits = UInt32(fractionDigits) | (hasPlus ? 1 << 14 : 0)
    if let exponent {
      bits |= 1 << 15 | (exponent.isUpper ? 1 << 16 : 0) | (exponent.hasPlus ? 1 << 17 : 0)
      bits |= exponent.hasTwoDigits ? 1 << 18 : 0
    }
    return .text(form: bits)
  }

  /// How many digits PostgreSQL shows after the point of a number that is written so.
  func scale(of number: NumericField) -> Int {
    exponent == nil ? fractionDigits : max(fractionDigits - (number.powers?.upperBound ?? 0), 0)
  }

  /// Nil where the number has more digits than the form, or a sign that it does not write.
  func text(of number: NumericField) -> [UInt8]? {
    guard !hasPlus || !number.isBelowZero else { return nil }
    var text: [UInt8] = hasPlus ? [UInt8(ascii: "+")] : []
    guard let exponent else {
      guard number.powers?.lowerBound ?? 0 >= -fractionDigits else { return nil }
      let plain = number.plain(fractionDigits: fractionDigits)
      return hasPlus ? text + plain : plain
    }
    guard let powers = number.powers, powers.lowerBound >= powers.upperBound - fractionDigits else { return nil }
    if number.isBelowZero { text.append(UInt8(ascii: "-")) }
    for place in 0...fractionDigits {
      if place == 1 { text.append(UInt8(ascii: ".")) }
      text.append(UInt8(ascii: "0") + UInt8(number.digit(powers.upperBound - place)))
    }
    let value = powers.upperBound
    text.append(UInt8(ascii: exponent.isUpper ? "E" : "e"))
    guard !exponent.hasPlus || value >= 0 else { return nil }
    if exponent.hasPlus { text.append(UInt8(ascii: "+")) }
    if value < 0 { text.append(UInt8(ascii: "-")) }
    if exponent.hasTwoDigits, abs(value) < 10 { text.append(UInt8(ascii: "0")) }
    text.append(contentsOf: String(abs(value)).utf8)
    return text
  }
}
