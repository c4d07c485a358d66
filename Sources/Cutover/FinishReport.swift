import Apply
import FoundationEssentials
import Journal
import Model
import Pipeline

/// What the end of a move removed and left, for the record. Written as soon as the end is decided, with what is going to
/// be removed, so that a run that completes another one goes on with its report.
package struct FinishReport: Sendable, Codable {
  package struct Table: Sendable, Codable {
    package var name: String
    package var target: String
    /// Nil until they are counted, and for a table that is gone.
    package var rows: Int64?
    package var removed: [String]
    package var kept: [String]
  }

  package struct Verify: Sendable, Codable {
    package var finishedAt: String
    package var equal: Bool
    package var full: Bool
    package var differences: Int64

    enum CodingKeys: String, CodingKey {
      case finishedAt = "finished_at"
      case equal, full, differences
    }
  }

  package static let format = 1

  package private(set) var format = Self.format
  /// When the move was decided to be over.
  package var finishedAt: String
  package var sourcePath: String
  package var source: RandomID
  package var target: String
  package var schema: String
  package var switchID: RandomID?
  package var tables: [Table]
  package var foreignKeysValid = 0
  /// Keys that stay NOT VALID, and why.
  package var foreignKeysOpen: [String] = []
  package var triggersDisabled: [String] = []
  package var rowsGivenUp: Int64
  package var undelivered: Int64
  /// What became of the SQLite file.
  package var sourceState = "not looked after yet"
  package var lastVerify: Verify?
  package var journal = ""
  package var backups = ""
  /// False while the end was decided and not everything is removed.
  package var isComplete = false

  enum CodingKeys: String, CodingKey {
    case format
    case finishedAt = "finished_at"
    case sourcePath = "source"
    case source = "source_id"
    case target, schema
    case switchID = "switch_id"
    case tables
    case foreignKeysValid = "foreign_keys_valid"
    case foreignKeysOpen = "foreign_keys_not_valid"
    case triggersDisabled = "triggers_disabled"
    case rowsGivenUp = "rows_given_up"
    case undelivered = "undelivered_writes"
    case sourceState = "source_state"
    case lastVerify = "last_verify"
    case journal, backups
    case isComplete = "complete"
  }

  init(
    finishedAt: String, sourcePath: String, target: String, _ record: SourceRecord, tables: [Table],
    rowsGivenUp: Int64, undelivered: Int64, lastVerify: VerifyRecord?
  ) {
    self.finishedAt = finishedAt
    self.sourcePath = sourcePath
    source = record.source
    self.target = target
    schema = record.plan.schema
    switchID = record.switchID
    self.tables = tables
    self.rowsGivenUp = rowsGivenUp
    self.undelivered = undelivered
    self.lastVerify = lastVerify.map {
      Verify(finishedAt: $0.finishedAt.text, equal: $0.isEqual, full: $0.isFull, differences: $0.differences)
    }
  }

  /// The report that an earlier run left for this switch; nil where there is none.
  static func read(_ state: StateDirectory, of switchID: RandomID?) -> FinishReport? {
    guard let bytes = AtomicFile.read(path(state, "json")),
      let report = try? JSONDecoder().decode(FinishReport.self, from: Data(bytes)), report.format == format,
      report.switchID == switchID
    else { return nil }
    return report
  }

  func write(_ state: StateDirectory) throws {
    try AtomicFile.write(Array((json + "\n").utf8), to: Self.path(state, "json"), durable: true)
    try AtomicFile.write(Array(text.utf8), to: Self.path(state, "txt"), durable: true)
  }

  private static func path(_ state: StateDirectory, _ kind: String) -> String { "\(state.path)/finish-report.\(kind)" }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  /// The report for people.
  package var text: String {
    var lines = [
      "The move of \(sourcePath) to \(target), schema \(schema), \(isComplete ? "is over" : "is being ended").",
      "Decided at \(finishedAt); source \(source), switch \(switchID?.description ?? "unknown").", "", "Tables",
    ]
    for table in tables {
      lines.append("  \(table.name) → \(table.target): \(table.rows.map { "\($0) rows" } ?? "not counted")")
      if !table.removed.isEmpty { lines.append("    removed: \(table.removed.joined(separator: ", "))") }
      for kept in table.kept { lines.append("    kept: \(kept)") }
    }
    lines += ["", "Foreign keys: \(foreignKeysValid) valid"]
    for key in foreignKeysOpen { lines.append("  left NOT VALID: \(key)") }
    for trigger in triggersDisabled { lines.append("  disabled, as it was found: trigger \(trigger)") }
    lines.append("Last verify: " + (lastVerify.map(Self.sentence) ?? "none"))
    if rowsGivenUp > 0 { lines.append("Rows given up in the quarantine: \(rowsGivenUp)") }
    if undelivered > 0 { lines.append("Logged writes to PostgreSQL that SQLite has not: \(undelivered)") }
    lines += [
      "SQLite file: \(sourceState)", "Journal, kept: \(journal)", "Backups, kept: \(backups)",
      "One record of the move stays on the target, so that a forgotten sync finds that it is over.",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func sentence(_ verify: Verify) -> String {
    let result = verify.equal ? "equal" : "\(verify.differences) differences"
    return "\(result), \(verify.full ? "all tables" : "some tables"), at \(verify.finishedAt)"
  }
}

/// What a finish came to.
package struct FinishOutcome: Sendable {
  /// Whether the move is over, by this run or an earlier one, and nothing is left to remove.
  package var finished = false
  package var checkpoints: [Checkpoint] = []
  /// Nil where nothing was done.
  package var report: FinishReport?

  package var isGo: Bool { checkpoints.allSatisfy(\.ok) }

  /// One JSON object.
  package var json: String {
    get throws {
      let steps = JSON.array(checkpoints.map(\.json)).text
      return "{\"finished\":\(finished),\"checkpoints\":\(steps),\"report\":\(try report?.json ?? "null")}"
    }
  }
}
