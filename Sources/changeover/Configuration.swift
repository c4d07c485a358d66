import Capture
import Journal
import Model
import Pipeline
import Schema
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
  /// How long after a verify the next begins in the background; nil for none.
  var verifyEvery: TimeSpan?
  /// Rows a second that it compares.
  var verifyRate = 20_000
  var overrides = Overrides()
  var schemaChanges = SchemaPolicy.forward

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
    let lines = TOMLLines(text)
    for key in table.keys {
      let place = SettingPlace(path: path, key: [key], lines: lines)
      let value: (any TOMLValueConvertible)? = table[key]
      switch key {
      case "source": source = try place.string(value)
      case "target": target = try place.string(value)
      case "state": state = try place.string(value)
      case "target-schema": targetSchema = try place.string(value)
      case "include": include = try place.strings(value)
      case "exclude": exclude = try place.strings(value)
      case "jobs": jobs = try place.number(value, 1...64)
      case "journal-keep-hours": journalKeepHours = try place.number(value, 0...1_000_000)
      case "journal-keep-mebibytes": journalKeepMebibytes = try place.number(value, 1...1_000_000_000)
      case "journal-keep-groups": journalKeepGroups = try place.number(value, 1...1_000_000_000)
      case "schema-changes": schemaChanges = try place.word(value, SchemaPolicy.self)
      case "verify-every": verifyEvery = try place.timeSpan(value)
      case "verify-rate": verifyRate = try place.number(value, 1...1_000_000_000)
      default: if try !takeOverride(key, value, place) { throw place.unknown }
      }
    }
  }

  var retention: RetentionPolicy {
    RetentionPolicy(
      keepSeconds: Int64(journalKeepHours) * 3_600, keepBytes: Int64(journalKeepMebibytes) << 20,
      minimumGroupsBehind: Int64(journalKeepGroups))
  }
}
