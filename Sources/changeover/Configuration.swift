import Journal
import Model
import Pipeline
import TOMLKit

/// The settings of `changeover.toml`, with their defaults.
struct Configuration: Sendable {
  var source: String?
  var target: String?
  var state: String?
  var targetSchema: String?
  var include: [String] = []
  var exclude: [String] = []
  var jobs = 2
  /// Hours that applied groups stay in the journal.
  var journalKeepHours = 24
  /// Mebibytes that the journal may take.
  var journalKeepMebibytes = 1_024
  /// Applied groups that stay in any case.
  var journalKeepGroups = 64

  init() {}

  init(reading path: String) throws {
    guard let bytes = AtomicFile.read(path) else {
      throw Failure(.configuration, "cannot read the configuration \(path)", remedy: "check --config")
    }
    try self.init(toml: String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// - Throws: `Failure` with the line of what is wrong.
  init(toml text: String, path: String) throws {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw Failure(
        .configuration, "\(path), line \(error.source.begin.line): \(error.description)", remedy: "mend the line")
    }
    for key in table.keys {
      let place = Place(path: path, key: key, line: Self.line(of: key, in: text))
      let value = table[key]
      switch key {
      case "source": source = try place.string(value?.string)
      case "target": target = try place.string(value?.string)
      case "state": state = try place.string(value?.string)
      case "target-schema": targetSchema = try place.string(value?.string)
      case "include": include = try place.strings(value?.array)
      case "exclude": exclude = try place.strings(value?.array)
      case "jobs": jobs = try place.number(value?.int, 1...64)
      case "journal-keep-hours": journalKeepHours = try place.number(value?.int, 0...1_000_000)
      case "journal-keep-mebibytes": journalKeepMebibytes = try place.number(value?.int, 1...1_000_000_000)
      case "journal-keep-groups": journalKeepGroups = try place.number(value?.int, 1...1_000_000_000)
      default: throw place.failure("is not a setting", "see docs/configuration.md for those there are")
      }
    }
  }

  var retention: RetentionPolicy {
    RetentionPolicy(
      keepSeconds: Int64(journalKeepHours) * 3_600, keepBytes: Int64(journalKeepMebibytes) << 20,
      minimumGroupsBehind: Int64(journalKeepGroups))
  }

  private static func line(of key: String, in text: String) -> Int {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let found = lines.firstIndex { line in
      let words = line.split(whereSeparator: {
        $0 == " " || $0 == "\t" || $0 == "=" || $0 == "\"" || $0 == "[" || $0 == "]" || $0 == "."
      })
      return words.first.map(String.init) == key
    }
    return (found ?? 0) + 1
  }

  /// A setting's place in its file.
  private struct Place {
    let path: String
    let key: String
    let line: Int

    func failure(_ what: String, _ remedy: String) -> Failure {
      Failure(.configuration, "\(path), line \(line): '\(key)' \(what)", remedy: remedy)
    }

    func string(_ value: String?) throws -> String {
      guard let value else { throw failure("is not a string", "write \(key) = \"…\"") }
      return value
    }

    func strings(_ value: TOMLArray?) throws -> [String] {
      guard let value else { throw failure("is not a list of strings", "write \(key) = [\"…\"]") }
      return try value.map { item in
        guard let text = item.string else {
          throw failure("holds something else than strings", "write \(key) = [\"…\"]")
        }
        return text
      }
    }

    func number(_ value: Int?, _ range: ClosedRange<Int>) throws -> Int {
      guard let value, range.contains(value) else {
        throw failure("is not a number from \(range.lowerBound) to \(range.upperBound)", "write \(key) = …")
      }
      return value
    }
  }
}
