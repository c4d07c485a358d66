/// A name of several parts, as TOML's keys and the command line have it: `orders.total`, `"my table".total`.
enum DottedName {
  /// The parts without their quotes; nil where a quote is left open or a part is missing.
  static func parts(of text: some StringProtocol) -> [String]? {
    var parts: [String] = []
    var part = ""
    var isQuoted = false
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { part.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        isQuoted = true
      } else if character == "." {
        guard isQuoted || !part.isEmpty else { return nil }
        parts.append(part)
        (part, isQuoted) = ("", false)
      } else if !character.isWhitespace || (!isQuoted && !part.isEmpty) {
        part.append(character)
      }
    }
    guard quote == nil, isQuoted || !part.isEmpty else { return nil }
    if !isQuoted { while part.last?.isWhitespace == true { part.removeLast() } }
    return parts + [part]
  }
}
