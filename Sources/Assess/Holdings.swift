import Model
import Schema

/// What a column holds, in a few words.
enum Holdings {
  /// `integer 1 to 599`, `text up to 45 characters, 3 NULL`, `text 10, integer 2`.
  static func words(_ facts: ColumnFacts, showsValues: Bool = false) -> String {
    let classes = [StorageClass.integer, .real, .text, .blob].filter { facts.counts[$0] > 0 }
      .sorted { facts.counts[$0] > facts.counts[$1] }
    var parts: [String] = []
    if classes.count > 1 {
      parts.append(classes.map { "\($0) \(Words.number(facts.counts[$0]))" }.joined(separator: ", "))
    }
    if let only = classes.first, classes.count == 1 {
      parts.append("\(only)" + (details(only, facts, showsValues: showsValues).map { " " + $0 } ?? ""))
    }
    if classes.isEmpty { parts.append(facts.counts.null > 0 ? "only NULL" : "nothing") }
    if !classes.isEmpty, facts.counts.null > 0 { parts.append("\(Words.number(facts.counts.null)) NULL") }
    return parts.joined(separator: ", ")
  }

  private static func details(_ storage: StorageClass, _ facts: ColumnFacts, showsValues: Bool) -> String? {
    switch storage {
    case .integer: facts.integers.map { "\($0.lowerBound) to \($0.upperBound)" }
    case .real: facts.reals.map { "\($0.lowerBound) to \($0.upperBound)" }
    case .text:
      if showsValues, let least = facts.leastText, let greatest = facts.greatestText {
        "'\(shown(least))' to '\(shown(greatest))', up to \(Words.count(Int64(facts.longestText), "character"))"
      } else {
        "up to \(Words.count(Int64(facts.longestText), "character"))"
      }
    case .blob: "up to \(Words.bytes(Int64(facts.longestBlob)))"
    case .null: nil
    }
  }

  private static func shown(_ text: [UInt8]) -> String { Words.printable(String(decoding: text, as: UTF8.self)) }
}
