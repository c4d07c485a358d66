import Model
import TOMLKit

/// A setting's place in its file.
struct SettingPlace {
  let path: String
  let key: [String]
  let lines: TOMLLines

  init(path: String, key: [String], lines: TOMLLines) {
    self.path = path
    self.key = key
    self.lines = lines
  }

  func inner(_ name: String) -> SettingPlace { SettingPlace(path: path, key: key + [name], lines: lines) }

  private var name: String { key.joined(separator: ".") }
  var words: String { "\(path), line \(lines.line(of: key))" }

  func failure(_ what: String, _ remedy: String) -> Failure {
    Failure(.configuration, "\(words): '\(name)' \(what)", remedy: remedy)
  }

  var unknown: Failure { failure("is not a setting", "see docs/configuration.md for those there are") }

  func string(_ value: (any TOMLValueConvertible)?) throws -> String {
    guard let value = value?.string else { throw failure("is not a string", "write \(key.last ?? "") = \"…\"") }
    return value
  }

  func strings(_ value: (any TOMLValueConvertible)?) throws -> [String] {
    let remedy = "write \(key.last ?? "") = [\"…\"]"
    guard let value = value?.array else { throw failure("is not a list of strings", remedy) }
    return try value.map { item in
      guard let text = item.string else { throw failure("holds something else than strings", remedy) }
      return text
    }
  }

  func number(_ value: (any TOMLValueConvertible)?, _ range: ClosedRange<Int>) throws -> Int {
    guard let value = value?.int, range.contains(value) else {
      throw failure(
        "is not a number from \(range.lowerBound) to \(range.upperBound)", "write \(key.last ?? "") = …")
    }
    return value
  }

  /// A second or more.
  func timeSpan(_ value: (any TOMLValueConvertible)?) throws -> TimeSpan {
    guard let text = value?.string, let span = TimeSpan(argument: text), span.seconds >= 1 else {
      throw failure("is not a length of time", "write \(key.last ?? "") = \"6h\" (s, m, h or d)")
    }
    return span
  }

  func bool(_ value: (any TOMLValueConvertible)?) throws -> Bool {
    guard let value = value?.bool else {
      throw failure("is neither true nor false", "write \(key.last ?? "") = true")
    }
    return value
  }

  func table(_ value: (any TOMLValueConvertible)?) throws -> TOMLTable {
    guard let value = value?.table else { throw failure("is not a table", "write [\(name)]") }
    return value
  }

  /// One of the words that a setting takes.
  func word<Word: RawRepresentable & CaseIterable>(
    _ value: (any TOMLValueConvertible)?, _: Word.Type
  ) throws -> Word where Word.RawValue == String {
    let text = try string(value)
    guard let word = Word(rawValue: text) else {
      throw failure("is '\(text)'", "choose one of: \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
  }
}
