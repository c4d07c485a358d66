import Model
import Schema

/// What a column holds, in a few words.
enum Holdings {
  /// `integer 1 to 599`, `text ≤ 45 characters, 3 NULL`, `text 10, integer 2`.
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
    case .integer: facts.integers.map { range("\($0.lowerBound)", "\($0.upperBound)") }
    case .real: facts.reals.map { range("\($0.lowerBound)", "\($0.upperBound)") }
    case .text:
      if showsValues, let least = facts.leastText, let greatest = facts.greatestText {
        "\(range("'\(shown(least))'", "'\(shown(greatest))'")), \(length(facts))"
      } else {
        length(facts)
      }
    case .blob: "≤ \(Words.bytes(Int64(facts.longestBlob)))"
    case .null: nil
    }
  }

  private static func range(_ least: String, _ greatest: String) -> String {
    least == greatest ? least : "\(least) to \(greatest)"
  }

  private static func length(_ facts: ColumnFacts) -> String {
    facts.longestText == 0 ? "always empty" : "≤ \(Words.count(Int64(facts.longestText), "character"))"
  }

  private static func shown(_ text: [UInt8]) -> String { Words.printable(String(decoding: text, as: UTF8.self)) }
}
