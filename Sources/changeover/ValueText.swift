import Model

/// A SQLite value as people read it. Control characters of a terminal are not let through.
enum ValueText {
  static func text(_ value: Value) -> String {
    switch value {
    case .null: "NULL"
    case .integer(let integer): String(integer)
    case .real(let bits): "\(Double(bitPattern: bits))"
    case .text(let bytes): JSON.string(String(decoding: bytes, as: UTF8.self)).text
    case .blob(let bytes): "x'\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())'"
    }
  }
}
