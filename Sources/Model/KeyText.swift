/// A key as people read it.
package enum KeyText {
  private static let longest = 200

  /// A long one is cut.
  package static func text(of key: [Value]) -> String {
    let values = key.map { value in
      switch value {
      case .null: "NULL"
      case .integer(let integer): String(integer)
      case .real(let bits): "\(Double(bitPattern: bits))"
      case .text(let bytes):
        String(decoding: bytes.prefix(longest + 1).filter { $0 != 0 }, as: UTF8.self)
      case .blob(let bytes):
        "x'" + bytes.prefix(longest + 1).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
      }
    }
    let text = values.joined(separator: ", ")
    return text.count > longest ? text.prefix(longest) + "…" : text
  }
}
