/// JSON as jsonb understands it: objects whose members are sorted by key, each key once.
struct JSONTree {
  /// What an element of a jsonb takes at most.
  static let longest = 0x0FFF_FFFF

  enum Kind { case array, object, key, string, number, literal }

  /// A value or a key. Children and siblings are linked by their places in `nodes`.
  struct Node {
    let kind: Kind
    /// Where its text stands: of strings and keys in `strings`, of numbers and literals in the source.
    var text: Range<Int> = 0..<0
    var firstChild = -1
    var next = -1
  }

  private(set) var nodes: [Node] = []
  /// The strings' characters, escapes resolved.
  private(set) var strings: [UInt8] = []

  /// - Parameter bytes: valid UTF-8.
  /// - Throws: where jsonb does not take the text, or would lose a repeated key.
  init(_ bytes: UnsafeRawBufferPointer) throws(Misfit) {
    var reader = JSONReader(bytes)
    /// The open arrays and objects, and the last child of each.
    var open: [(node: Int, last: Int)] = []
    while true {
      let node: Node
      switch try Self.next(&reader) {
      case .end: return
      case .beginArray: node = Node(kind: .array)
      case .beginObject: node = Node(kind: .object)
      case .endArray:
        open.removeLast()
        continue
      case .endObject:
        let object = open.removeLast().node
        try sortMembers(of: object)
        continue
      case .key(let range): node = Node(kind: .key, text: try unescape(bytes, range))
      case .string(let range): node = Node(kind: .string, text: try unescape(bytes, range))
      case .literal(let range): node = Node(kind: .literal, text: range)
      case .number(let range):
        let number = Decimal(UnsafeRawBufferPointer(rebasing: bytes[range]))
        guard let number, NumericField.isInRange(number, scale: number.scale) else { throw .outOfRange(.jsonb) }
        node = Node(kind: .number, text: range)
      }
      let place = nodes.count
      nodes.append(node)
      if let parent = open.last {
        if parent.last < 0 { nodes[parent.node].firstChild = place } else { nodes[parent.last].next = place }
        open[open.count - 1].last = place
      }
      if node.kind == .array || node.kind == .object { open.append((place, -1)) }
    }
  }

  private static func next(_ reader: inout JSONReader) throws(Misfit) -> JSONReader.Event {
    do throws(JSONReader.Problem) {
      return try reader.next()
    } catch {
      throw error == .tooDeep ? .outOfRange(.jsonb) : .malformed(.jsonb)
    }
  }

  /// Shorter keys first, then by their bytes.
  private mutating func sortMembers(of object: Int) throws(Misfit) {
    var keys: [Int] = []
    var place = nodes[object].firstChild
    while place >= 0 {
      keys.append(place)
      place = nodes[nodes[place].next].next
    }
    guard keys.count > 1 else { return }
    keys.sort { precedes($0, $1) }
    for (one, other) in zip(keys, keys.dropFirst()) {
      // A key that is there twice: jsonb would keep the last only.
      guard precedes(one, other) else { throw .inexact(.jsonb) }
      nodes[nodes[one].next].next = other
    }
    nodes[object].firstChild = keys[0]
    nodes[nodes[keys[keys.count - 1]].next].next = -1
  }

  private func precedes(_ one: Int, _ other: Int) -> Bool {
    let (one, other) = (nodes[one].text, nodes[other].text)
    if one.count != other.count { return one.count < other.count }
    return strings[one].lexicographicallyPrecedes(strings[other])
  }

  /// Appends the string's characters; refuses what PostgreSQL's text cannot hold.
  private mutating func unescape(_ bytes: UnsafeRawBufferPointer, _ quoted: Range<Int>) throws(Misfit) -> Range<Int> {
    let start = strings.count
    var at = quoted.lowerBound + 1
    let end = quoted.upperBound - 1
    while at < end {
      let byte = bytes[at]
      at += 1
      guard byte == UInt8(ascii: "\\") else {
        strings.append(byte)
        continue
      }
      let letter = bytes[at]
      at += 1
      switch Unicode.Scalar(letter) {
      case "b": strings.append(0x08)
      case "f": strings.append(0x0C)
      case "n": strings.append(0x0A)
      case "r": strings.append(0x0D)
      case "t": strings.append(0x09)
      case "u":
        var code = Self.code(bytes, &at)
        if code & 0xFC00 == 0xD800 {
          guard end - at >= 6, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
            throw .malformed(.jsonb)
          }
          at += 2
          let low = Self.code(bytes, &at)
          guard low & 0xFC00 == 0xDC00 else { throw .malformed(.jsonb) }
          code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
        }
        guard code > 0, let scalar = Unicode.Scalar(code) else { throw .malformed(.jsonb) }
        strings.append(contentsOf: String(scalar).utf8)
      default: strings.append(letter)
      }
    }
    return start..<strings.count
  }

  /// Four digits, which the reader has seen.
  private static func code(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> UInt32 {
    var code: UInt32 = 0
    for offset in at..<at + 4 { code = code << 4 | UInt32(Hexadecimal.value(bytes[offset]) ?? 0) }
    at += 4
    return code
  }
}
