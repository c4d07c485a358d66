import Model

/// The name of a batch file: group and part, in digits that sort as the numbers do.
package struct BatchName: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// What a batch file's name ends in.
  static let suffix = ".batch"

  package let group: GroupNumber
  package let part: UInt32

  package init(group: GroupNumber, part: UInt32) {
    self.group = group
    self.part = part
  }

  /// Reads a file name; nil for any that this type would not write.
  package init?(_ text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 26 + Self.suffix.utf8.count, digits[19] == UInt8(ascii: "-"),
      let group = Self.number(digits[0..<19]), let part = Self.number(digits[20..<26]), group > 0,
      text.hasSuffix(Self.suffix)
    else { return nil }
    self.init(group: GroupNumber(group), part: UInt32(truncatingIfNeeded: part))
  }

  /// `0000000000000000012-000003.batch`
  package var description: String {
    "\(Self.digits(group.rawValue, 19))-\(Self.digits(Int64(part), 6))\(Self.suffix)"
  }

  package static func < (a: BatchName, b: BatchName) -> Bool { (a.group, a.part) < (b.group, b.part) }

  /// The value of decimal digits; nil for other bytes and for what exceeds 64 bits.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return Int64(String(decoding: digits, as: UTF8.self))
  }

  /// A number with leading zeros.
  private static func digits(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}
