import Model
import Schema

/// PostgreSQL's numeric in binary: digits of base 10,000 with the weight of the first, sign, and decimals shown.
struct NumericField {
  private static let mostWeight = 0x7FFF
  static let mostScale = 0x3FFF
  private static let negative: UInt16 = 0x4000

  private let digits: UnsafeRawBufferPointer
  private let weight: Int
  private let isNegative: Bool
  /// The first and last digit that is not 0, by the power of ten that it counts; nil for zero.
  let powers: ClosedRange<Int>?

  /// Nil for what is no finite number.
  init?(_ field: UnsafeRawBufferPointer) {
    guard field.count >= 8 else { return nil }
    func word(_ at: Int) -> UInt16 { UInt16(bigEndian: field.loadUnaligned(fromByteOffset: at, as: UInt16.self)) }
    guard field.count == 8 + Int(word(0)) * 2, word(4) == 0 || word(4) == Self.negative else { return nil }
    digits = UnsafeRawBufferPointer(rebasing: field[8...])
    weight = Int(Int16(bitPattern: word(2)))
    isNegative = word(4) == Self.negative
    var powers: ClosedRange<Int>?
    for index in 0..<digits.count / 2 {
      let group = word(8 + index * 2)
      guard group <= 9_999 else { return nil }
      if group == 0 { continue }
      let power = (weight - index) * 4
      let low = power + (group % 10 != 0 ? 0 : group % 100 != 0 ? 1 : group % 1_000 != 0 ? 2 : 3)
      let high = power + (group < 10 ? 0 : group < 100 ? 1 : group < 1_000 ? 2 : 3)
      powers = low...(powers?.upperBound ?? high)
    }
    self.powers = powers
  }

  // MARK: Writing

  static func append(_ integer: Int64, _ limits: NumericLimits?, to buffer: inout WireBuffer) throws(Misfit) {
    var rest = integer.magnitude
    // From the last group of four digits to the first.
    var groups: (UInt16, UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0, 0)
    var count = 0
    var trailing = 0
    withUnsafeMutableBytes(of: &groups) { memory in
      let groups = memory.bindMemory(to: UInt16.self)
      while rest > 0 {
        groups[count] = UInt16(rest % 10_000)
        if trailing == count, groups[count] == 0 { trailing += 1 }
        rest /= 10_000
        count += 1
      }
    }
    if let limits, count > 0 {
      guard digitCount(integer.magnitude) <= limits.precision - limits.scale else {
        throw .outOfRange(.numeric(limits))
      }
    }
    appendHeader(
      groups: count - trailing, weight: max(count - 1, 0), isNegative: integer < 0, scale: Int(limits?.scale ?? 0),
      to: &buffer)
    withUnsafeBytes(of: &groups) { memory in
      let groups = memory.bindMemory(to: UInt16.self)
      for index in (trailing..<max(count, trailing)).reversed() { buffer.append(bigEndian: groups[index]) }
    }
  }

  /// By the shortest decimal that reads back as the same double.
  static func append(_ real: Double, _ limits: NumericLimits?, to buffer: inout WireBuffer) throws(Misfit) {
    guard real.isFinite else { throw .outOfRange(.numeric(limits)) }
    guard real != 0 || real.sign == .plus else { throw .inexact(.numeric(limits)) }
    var text = real.description
    var misfit: Misfit?
    text.withUTF8 { bytes in
      guard let decimal = Decimal(UnsafeRawBufferPointer(bytes)) else { return misfit = .inexact(.numeric(limits)) }
      misfit = append(decimal, scale: max(-(decimal.powers?.lowerBound ?? 0), 0), limits, to: &buffer)
    }
    if let misfit { throw misfit }
  }

  static func append(
    text: UnsafeRawBufferPointer, _ limits: NumericLimits?, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = TargetType.numeric(limits)
    guard let decimal = Decimal(text) else { throw .malformed(type) }
    // Minus zero is zero to PostgreSQL.
    guard !decimal.isNegative || decimal.powers != nil else { throw .inexact(type) }
    guard let form = NumericForm(decimal, text) else { throw .malformed(type) }
    if let misfit = append(decimal, scale: decimal.scale, limits, to: &buffer) { throw misfit }
    return form.spelling
  }

  private static func append(
    _ decimal: Decimal, scale: Int, _ limits: NumericLimits?, to buffer: inout WireBuffer
  ) -> Misfit? {
    if let limits {
      guard scale <= limits.scale else { return .inexact(.numeric(limits)) }
      guard (decimal.powers?.upperBound ?? -1) < limits.precision - limits.scale else {
        return .outOfRange(.numeric(limits))
      }
    }
    guard isInRange(decimal, scale: scale) else { return .outOfRange(.numeric(limits)) }
    let scale = Int(limits?.scale ?? Int16(scale))
    guard let powers = decimal.powers else {
      appendHeader(groups: 0, weight: 0, isNegative: false, scale: scale, to: &buffer)
      return nil
    }
    let first = group(of: powers.upperBound)
    let last = group(of: powers.lowerBound)
    appendHeader(groups: first - last + 1, weight: first, isNegative: decimal.isNegative, scale: scale, to: &buffer)
    for group in (last...first).reversed() {
      var value = 0
      for power in (group * 4...group * 4 + 3).reversed() { value = value * 10 + decimal.digit(power) }
      buffer.append(bigEndian: UInt16(value))
    }
    return nil
  }

  /// Whether the type holds the number at all.
  static func isInRange(_ decimal: Decimal, scale: Int) -> Bool {
    guard abs(decimal.exponent ?? 0) < Decimal.largestExponent, scale <= mostScale else { return false }
    return decimal.powers.map { group(of: $0.upperBound) <= mostWeight } ?? true
  }

  private static func appendHeader(
    groups: Int, weight: Int, isNegative: Bool, scale: Int, to buffer: inout WireBuffer
  ) {
    buffer.append(bigEndian: Int32(8 + groups * 2))
    buffer.append(bigEndian: UInt16(groups))
    buffer.append(bigEndian: Int16(weight))
    buffer.append(bigEndian: isNegative ? negative : 0)
    buffer.append(bigEndian: UInt16(scale))
  }

  private static func group(of power: Int) -> Int { power >> 2 }

  private static func digitCount(_ number: UInt64) -> Int {
    var rest = number
    var count = 0
    while rest > 0 { (rest, count) = (rest / 10, count + 1) }
    return count
  }

  // MARK: Reading

  /// The image with that spelling; nil where the spelling cannot write the number.
  func value(_ spelling: Spelling, _ limits: NumericLimits?) -> Value? {
    switch spelling.storageClass {
    case .integer:
      guard spelling == .integer, powers?.lowerBound ?? 0 >= 0, powers?.upperBound ?? 0 < 19 else { return nil }
      return Int64(String(decoding: plain(fractionDigits: 0), as: UTF8.self)).map { .integer($0) }
    case .real: return spelling == .real ? real.map { .real($0) } : nil
    case .text:
      guard let form = NumericForm(spelling), let text = form.text(of: self) else { return nil }
      if let limits, form.scale(of: self) > limits.scale { return nil }
      return .text(text)
    default: return nil
    }
  }

  /// Only where this number is the double's shortest decimal.
  private var real: Double? {
    guard let powers else { return 0 }
    guard powers.count <= 17 else { return nil }
    if let real = exactQuotient(powers) { return real }
    var text = isNegative ? "-" : ""
    for power in powers.reversed() { text += String(digit(power)) }
    guard let real = Double("\(text)e\(powers.lowerBound)"), real.isFinite, real != 0 else { return nil }
    var shortest = real.description
    let isSame = shortest.withUTF8 { bytes in
      guard let decimal = Decimal(UnsafeRawBufferPointer(bytes)), decimal.powers == powers else { return false }
      return powers.allSatisfy { decimal.digit($0) == digit($0) }
    }
    return isSame ? real : nil
  }

  /// Up to fifteen digits are those of one double only, whose shortest decimal they are. They and a power of ten up to 22
  /// are doubles themselves, so that a product or quotient of the two is the nearest one.
  private func exactQuotient(_ powers: ClosedRange<Int>) -> Double? {
    guard powers.count <= 15, abs(powers.lowerBound) < Self.powersOfTen.count else { return nil }
    var number = 0
    for power in powers.reversed() { number = number * 10 + digit(power) }
    let factor = Self.powersOfTen[abs(powers.lowerBound)]
    let real = powers.lowerBound < 0 ? Double(number) / factor : Double(number) * factor
    return isNegative ? -real : real
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  var isBelowZero: Bool { isNegative && powers != nil }

  func digit(_ power: Int) -> Int {
    let index = weight - Self.group(of: power)
    guard index >= 0, index < digits.count / 2 else { return 0 }
    let group = UInt16(bigEndian: digits.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
    // Divisors that the compiler knows.
    switch power & 3 {
    case 0: return Int(group % 10)
    case 1: return Int(group / 10 % 10)
    case 2: return Int(group / 100 % 10)
    default: return Int(group / 1_000)
    }
  }

  /// Without exponent; digits after those asked for are left out.
  func plain(fractionDigits: Int) -> [UInt8] {
    let highest = max(powers?.upperBound ?? 0, 0)
    var text: [UInt8] = []
    text.reserveCapacity(highest + fractionDigits + 3)
    if isBelowZero { text.append(UInt8(ascii: "-")) }
    for power in (0...highest).reversed() {
      text.append(UInt8(ascii: "0") + UInt8(digit(power)))
    }
    guard fractionDigits > 0 else { return text }
    text.append(UInt8(ascii: "."))
    for power in 1...fractionDigits { text.append(UInt8(ascii: "0") + UInt8(digit(-power))) }
    return text
  }
}
