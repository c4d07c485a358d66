/// The text that PostgreSQL writes for a jsonb: what two texts have in common that mean the same.
package enum JSONCanon {
  /// - Parameter bytes: JSON text; nil where jsonb does not take it, or would lose a repeated key.
  package static func text(of bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    guard TextCheck.misfit(bytes) == nil, let tree = try? JSONTree(bytes) else { return nil }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    /// The open arrays and objects, and what comes next in each.
    var open: [(node: Int, next: Int)] = []
    var place = 0
    while true {
      let node = tree.nodes[place]
      switch node.kind {
      case .array, .object:
        text.append(UInt8(ascii: node.kind == .array ? "[" : "{"))
        open.append((place, node.firstChild))
      case .key, .string: append(string: tree.strings[node.text], to: &text)
      case .literal: text.append(contentsOf: bytes[node.text])
      case .number: append(number: UnsafeRawBufferPointer(rebasing: bytes[node.text]), to: &text)
      }
      if node.kind == .key { text.append(contentsOf: ": ".utf8) }
      // Up to the next value, closing what has none.
      while let last = open.last, last.next < 0 {
        text.append(UInt8(ascii: tree.nodes[last.node].kind == .array ? "]" : "}"))
        open.removeLast()
      }
      guard let last = open.last else { return text }
      place = last.next
      let isFirst = place == tree.nodes[last.node].firstChild
      if !isFirst, node.kind != .key { text.append(contentsOf: ", ".utf8) }
      open[open.count - 1].next = tree.nodes[place].next
    }
  }

  /// As PostgreSQL's escape_json writes it.
  private static func append(string: ArraySlice<UInt8>, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0x08: text.append(contentsOf: "\\b".utf8)
      case 0x0C: text.append(contentsOf: "\\f".utf8)
      case 0x0A: text.append(contentsOf: "\\n".utf8)
      case 0x0D: text.append(contentsOf: "\\r".utf8)
      case 0x09: text.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        text.append(contentsOf: "\\u00".utf8)
        text += [Hexadecimal.digit(byte >> 4), Hexadecimal.digit(byte & 15)]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }

  /// Without exponent, with the digits after the point that numeric shows.
  private static func append(number bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    guard let number = Decimal(bytes) else { return }
    if number.isNegative, number.powers != nil { text.append(UInt8(ascii: "-")) }
    for power in (0...max(number.powers?.upperBound ?? 0, 0)).reversed() {
      text.append(UInt8(ascii: "0") + UInt8(number.digit(power)))
    }
    guard number.scale > 0 else { return }
    text.append(UInt8(ascii: "."))
    for power in 1...number.scale { text.append(UInt8(ascii: "0") + UInt8(number.digit(-power))) }
  }
}
