import Model
import Schema

/// A pattern of text times, as strptime has it, compiled.
struct TimePattern: Sendable {
  enum Element: Sendable, Equatable {
    case literal(UInt8)
    case number(Field, digits: Int, pad: Pad)
    case monthName(isFull: Bool)
    case half
    case fraction
    case zone
  }

  enum Field: Sendable { case year, shortYear, month, day, dayOfYear, hour, hourOfHalf, minute, second }
  enum Pad: Sendable { case zero, space, none }

  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  let elements: [Element]

  /// - Throws: `Failure` for a pattern that is none, or that does not say what the type wants.
  init(_ format: String, for type: TargetType, hasZone: Bool) throws(Failure) {
    func failure(_ why: String) -> Failure {
      Failure(
        .configuration, "cannot read a column of \(type) by the pattern '\(format)': \(why)",
        remedy: "write it as strptime has it, such as '%Y-%m-%d %H:%M:%S'")
    }
    var elements: [Element] = []
    var rest = Substring(format).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        elements.append(.literal(byte))
        continue
      }
      var letter = rest.popFirst()
      let isUnpadded = letter == UInt8(ascii: "-")
      if isUnpadded { letter = rest.popFirst() }
      guard let letter, let meant = Self.elements(letter, isUnpadded: isUnpadded) else {
        throw failure("it has a % that means nothing here")
      }
      elements += meant
    }
    self.elements = elements
    if let lack = lack(type, hasZone: hasZone) { throw failure(lack) }
  }

  private static func elements(_ letter: UInt8, isUnpadded: Bool) -> [Element]? {
    func number(_ field: Field, _ digits: Int = 2, pad: Pad = .zero) -> [Element] {
      [.number(field, digits: digits, pad: isUnpadded ? .none : pad)]
    }
    let composed: StaticString
    switch Unicode.Scalar(letter) {
    case "m": return number(.month)
    case "d": return number(.day)
    case "e": return number(.day, pad: .space)
    case "H": return number(.hour)
    case "I": return number(.hourOfHalf)
    case "M": return number(.minute)
    case "S": return number(.second)
    case "j": return number(.dayOfYear, 3)
    case "Y": return isUnpadded ? nil : number(.year, 4)
    case "y": return isUnpadded ? nil : number(.shortYear)
    case "b", "h": return isUnpadded ? nil : [.monthName(isFull: false)]
    case "B": return isUnpadded ? nil : [.monthName(isFull: true)]
    case "p": return isUnpadded ? nil : [.half]
    case "f": return isUnpadded ? nil : [.fraction]
    case "z": return isUnpadded ? nil : [.zone]
    case "%": return isUnpadded ? nil : [.literal(letter)]
    case "F": composed = "Y-m-d"
    case "T": composed = "H:M:S"
    case "R": composed = "H:M"
    case "D": composed = "m/d/y"
    default: return nil
    }
    guard !isUnpadded else { return nil }
    return composed.withUTF8Buffer { bytes in
      bytes.flatMap { "-:/".utf8.contains($0) ? [.literal($0)] : elements($0, isUnpadded: false) ?? [] }
    }
  }

  /// What the pattern does not tell, or tells too much.
  private func lack(_ type: TargetType, hasZone: Bool) -> String? {
    var fields: Set<Field> = []
    for case .number(let field, _, _) in elements { fields.insert(field) }
    let hasMonthName = elements.contains { if case .monthName = $0 { true } else { false } }
    let hasYear = fields.contains(.year) || fields.contains(.shortYear)
    let hasMonthAndDay = (fields.contains(.month) || hasMonthName) && fields.contains(.day)
    let hasHour = fields.contains(.hour) || (fields.contains(.hourOfHalf) && elements.contains(.half))
    if type == .time {
      let ofDates: Set<Field> = [.year, .shortYear, .month, .day, .dayOfYear]
      if hasMonthName || !fields.isDisjoint(with: ofDates) { return "a time has no date" }
      if !hasHour { return "it does not tell the hour" }
    } else if !hasYear || !(hasMonthAndDay || fields.contains(.dayOfYear)) {
      return "it does not tell the date"
    }
    if type == .timestamptz { return elements.contains(.zone) || hasZone ? nil : "it has no %z, and no zone is set" }
    return elements.contains(.zone) ? "the type has no place for %z" : nil
  }
}
