/// Lays text out for a screen of a given width.
enum TextLayout {
  /// Columns of the screen that a text takes.
  static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

  private static func width(_ character: Character) -> Int {
    switch character.unicodeScalars.first?.value ?? 0 {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }

  /// The text filled up with blanks, or cut with an ellipsis, to just this width.
  static func fit(_ text: String, to wanted: Int) -> String {
    let own = width(text)
    if own <= wanted { return text + String(repeating: " ", count: wanted - own) }
    var out = ""
    var used = 0
    for character in text {
      guard used + width(character) < wanted else { break }
      out.append(character)
      used += width(character)
    }
    return out + "…" + String(repeating: " ", count: max(wanted - used - 1, 0))
  }

  /// Breaks a text at blanks into lines; a word longer than a line stands on one of its own, cut where it must be.
  static func wrap(_ text: String, to wanted: Int) -> [String] {
    let limit = max(wanted, 8)
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(separator: " ") {
      var rest = String(word)
      if !line.isEmpty, used + 1 + width(rest) > limit {
        lines.append(line)
        line = ""
        used = 0
      }
      while width(rest) > limit {
        var piece = ""
        while let first = rest.first, width(piece) + width(first) <= limit { piece.append(rest.removeFirst()) }
        lines.append(piece)
      }
      line += line.isEmpty ? rest : " " + rest
      used = width(line)
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// How wide each column of a table may be: as wide as its widest cell, the widest columns giving way first.
  static func columns(_ rows: [[String]], within wanted: Int, gap: Int = 2) -> [Int] {
    guard let count = rows.first?.count, count > 0 else { return [] }
    var widths = (0..<count).map { column in rows.map { width($0[column]) }.max() ?? 0 }
    let room = max(wanted - gap * (count - 1), count * 4)
    while widths.reduce(0, +) > room, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
      widths[widest] > 4
    {
      widths[widest] -= 1
    }
    return widths
  }
}
