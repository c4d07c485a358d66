import Schema

/// The words that PostgreSQL takes for a boolean, in lower case, UPPER CASE or Capitalised.
struct BooleanText {
  private static let pairs = 6

  private enum Case: UInt32 { case lower, upper, capitalised }

  let value: Bool
  private let pair: Int
  private let letters: Case

  /// Nil for any other text.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard (1...5).contains(bytes.count) else { return nil }
    for number in 0..<2 * Self.pairs {
      let (pair, value) = (number / 2, number % 2 == 0)
      guard Self.matches(bytes, Self.word(pair, value)) else { continue }
      guard let letters = Self.letters(bytes) else { return nil }
      (self.value, self.pair, self.letters) = (value, pair, letters)
      return
    }
    return nil
  }

  init?(_ value: Bool, _ spelling: Spelling) {
    let (pair, letters) = spelling.form.quotientAndRemainder(dividingBy: 3)
    guard pair < Self.pairs, let letters = Case(rawValue: letters) else { return nil }
    (self.value, self.pair, self.letters) = (value, Int(pair), letters)
  }

  var spelling: Spelling { .text(form: UInt32(pair) * 3 + letters.rawValue) }

  var bytes: [UInt8] {
    let word = Self.word(pair, value)
    return (0..<word.utf8CodeUnitCount).map { at in
      let byte = word.utf8Start[at]
      let isUpper = letters == .upper || (letters == .capitalised && at == 0)
      return isUpper && byte >= UInt8(ascii: "a") ? byte & 0xDF : byte
    }
  }

  private static func word(_ pair: Int, _ value: Bool) -> StaticString {
    switch pair {
    case 0: value ? "t" : "f"
    case 1: value ? "true" : "false"
    case 2: value ? "yes" : "no"
    case 3: value ? "y" : "n"
    case 4: value ? "on" : "off"
    default: value ? "1" : "0"
    }
  }

  private static func matches(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount else { return false }
    for at in 0..<bytes.count {
      let byte = bytes[at]
      let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      guard (isUpper ? byte | 0x20 : byte) == word.utf8Start[at] else { return false }
    }
    return true
  }

  private static func letters(_ bytes: UnsafeRawBufferPointer) -> Case? {
    func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    guard isUpper(bytes[0]) else { return bytes.contains(where: isUpper) ? nil : .lower }
    var upper = 0
    for byte in bytes where isUpper(byte) { upper += 1 }
    if upper == bytes.count { return .upper }
    return upper == 1 ? .capitalised : nil
  }
}
