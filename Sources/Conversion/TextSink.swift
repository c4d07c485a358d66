import Schema

/// What text is written to.
protocol TextSink {
  mutating func append(_ byte: UInt8)
}

extension [UInt8]: TextSink {}

/// Writes into memory that somebody else allocated, and that is large enough.
struct TextWriter: TextSink {
  private let memory: UnsafeMutableBufferPointer<UInt8>
  private(set) var count = 0

  init(_ memory: UnsafeMutableBufferPointer<UInt8>) { self.memory = memory }

  mutating func append(_ byte: UInt8) {
    precondition(count < memory.count)
    memory[count] = byte
    count += 1
  }
}

/// Writes the parts of a time.
extension TextSink {
  mutating func append(_ number: Int, digits: Int, pad: UInt8 = UInt8(ascii: "0")) {
    if digits == 2, number >= 10 || pad == UInt8(ascii: "0"), number < 100 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10))
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
      return
    }
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
  mutating func append(zone form: TimeSpelling) -> Bool {
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
