/// Finds the lines of a TOML text's keys, which the parser does not tell.
struct TOMLLines {
  private var lines: [[String]: Int] = [:]

  init(_ text: String) {
    var section: [String] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let start = line.drop(while: \.isWhitespace)
      if start.first == "[" {
        section = DottedName.parts(of: start.drop { $0 == "[" }.prefix { $0 != "]" }) ?? []
        note(section, index)
      } else if let end = start.firstIndex(of: "="), let key = DottedName.parts(of: start[..<end]) {
        note(section + key, index)
      }
    }
  }

  /// A table's line is that of the first key in it.
  private mutating func note(_ path: [String], _ index: Int) {
    for length in 1...max(path.count, 1) where length <= path.count {
      let prefix = Array(path.prefix(length))
      if lines[prefix] == nil { lines[prefix] = index + 1 }
    }
  }

  /// The line of a key, or of the nearest table around it.
  func line(of path: [String]) -> Int {
    for length in stride(from: path.count, to: 0, by: -1) {
      if let line = lines[Array(path.prefix(length))] { return line }
    }
    return 1
  }
}
