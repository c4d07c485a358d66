/// Reads JSON text from one event to the next (RFC 8259, as PostgreSQL's parser takes it): without recursion, so that
/// depth costs no stack.
struct JSONReader {
  enum Event {
    case beginArray, endArray, beginObject, endObject
    /// Where it stands, quotes included.
    case key(Range<Int>), string(Range<Int>)
    case number(Range<Int>), literal(Range<Int>)
    case end
  }

  enum Problem: Error { case malformed, tooDeep }

  private enum Expected { case value, valueOrEnd, key, keyOrEnd, separatorOrEnd, end }

  /// PostgreSQL's own limit is its stack, 2 MB unless set otherwise.
  static let deepest = 6_000

  private let bytes: UnsafeRawBufferPointer
  private var at = 0
  private var expected = Expected.value
  /// For each open array or object, whether it is an object.
  private var open: [Bool] = []

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func next() throws(Problem) -> Event {
    skipSpace()
    if expected == .separatorOrEnd {
      if take(",") {
        expected = open.last == true ? .key : .value
        skipSpace()
      } else {
        return try close()
      }
    }
    switch expected {
    case .end:
      guard at == bytes.count else { throw .malformed }
      return .end
    case .keyOrEnd where peek == UInt8(ascii: "}"), .valueOrEnd where peek == UInt8(ascii: "]"): return try close()
    case .key, .keyOrEnd:
      let key = try string()
      skipSpace()
      guard take(":") else { throw .malformed }
      expected = .value
      return .key(key)
    default: return try value()
    }
  }

  private mutating func value() throws(Problem) -> Event {
    let start = at
    switch peek {
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      guard open.count < Self.deepest else { throw .tooDeep }
      let isObject = peek == UInt8(ascii: "{")
      at += 1
      open.append(isObject)
      expected = isObject ? .keyOrEnd : .valueOrEnd
      return isObject ? .beginObject : .beginArray
    case UInt8(ascii: "\""):
      let string = try string()
      endValue()
      return .string(string)
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
      guard take("true") || take("false") || take("null") else { throw .malformed }
      endValue()
      return .literal(start..<at)
    default:
      try number()
      endValue()
      return .number(start..<at)
    }
  }

  private mutating func close() throws(Problem) -> Event {
    guard let isObject = open.last, take(isObject ? "}" : "]") else { throw .malformed }
    open.removeLast()
    endValue()
    return isObject ? .endObject : .endArray
  }

  private mutating func endValue() { expected = open.isEmpty ? .end : .separatorOrEnd }

  private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count - at >= count else { return false }
    for offset in 0..<count where bytes[at + offset] != text.utf8Start[offset] { return false }
    at += count
    return true
  }

  private mutating func string() throws(Problem) -> Range<Int> {
    let start = at
    guard take("\"") else { throw .malformed }
    while let byte = peek {
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return start..<at
      case 0..<0x20: throw .malformed
      case UInt8(ascii: "\\"): try escape()
      default: break
      }
    }
    throw .malformed
  }

  private mutating func escape() throws(Problem) {
    guard let letter = peek else { throw .malformed }
    at += 1
    switch Unicode.Scalar(letter) {
    case "\"", "\\", "/", "b", "f", "n", "r", "t": return
    case "u":
      for _ in 0..<4 {
        guard let digit = peek, Hexadecimal.value(digit) != nil else { throw .malformed }
        at += 1
      }
    default: throw .malformed
    }
  }

  private mutating func number() throws(Problem) {
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      try digits()
    }
  }

  private mutating func digits() throws(Problem) {
    let start = at
    while let byte = peek, byte &- UInt8(ascii: "0") <= 9 { at += 1 }
    guard at > start else { throw .malformed }
  }
}
