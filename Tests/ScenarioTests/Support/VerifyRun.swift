import FoundationEssentials
import Testing

/// What `verify --json` said.
struct VerifyReport: Decodable {
  struct Position: Decodable, Equatable {
    var group: Int64
    var sequence: Int64
  }
  struct Difference: Decodable {
    /// Keys of numbers and texts, as the tests have them.
    enum Key: Decodable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
      case integer(Int64)
      case text(String)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let integer = try? container.decode(Int64.self) {
          self = .integer(integer)
        } else if let real = try? container.decode(Double.self) {
          self = .text("\(real)")
        } else {
          self = .text(try container.decode(String.self))
        }
      }
      init(integerLiteral value: Int64) { self = .integer(value) }
      init(stringLiteral value: String) { self = .text(value) }
    }
    var key: [Key]
    var kind: String
    var columns: [String]
    var quarantined: Bool
    var discarded: Bool
    var repaired: Bool
  }
  struct Table: Decodable {
    var name: String
    var equal: Bool
    var source_rows: Int64
    var target_rows: Int64
    var difference_count: Int64
    var repaired: Int64
    var problem: String?
    var not_compared: [String]
    var differences: [Difference]
  }
  struct Check: Decodable {
    var name: String
    var ok: Bool
    var detail: String
    var findings: [String]
  }
  var equal: Bool
  var full: Bool
  var direction: String
  var position: Position?
  var snapshots: Int
  var differences: Int64
  var repaired: Int64
  var quarantined: Int64
  var tables: [Table]
  var checks: [Check]
  var not_compared: [String]

  init(_ json: String) throws { self = try JSONDecoder().decode(VerifyReport.self, from: Data(json.utf8)) }

  subscript(table: String) -> Table? { tables.first { $0.name == table } }

  /// The differences of a table, a line each: kind, key, columns.
  func lines(_ table: String) -> [String] {
    (self[table]?.differences ?? []).map { difference in
      let key = difference.key.map { key in
        switch key {
        case .integer(let integer): "\(integer)"
        case .text(let text): text
        }
      }
      return ([difference.kind, key.joined(separator: ",")] + difference.columns).joined(separator: " ")
    }
  }

  var failedChecks: [String] { checks.filter { !$0.ok }.map(\.name) }
  func findings(_ check: String) -> [String] { checks.first { $0.name == check }?.findings ?? [] }
}

extension Scenario {
  /// Runs `verify --json` to its end; throws where it neither found equal nor different.
  func verify(_ arguments: String..., environment: [String: String] = [:]) throws -> (
    status: Int32, report: VerifyReport
  ) {
    let result = try Program.run(
      [Self.binary, "verify", "--json"] + arguments, environment: self.environment.merging(environment) { $1 },
      seconds: 120)
    guard result.status == 0 || result.status == 1, let report = try? VerifyReport(result.output) else {
      throw Program.Failed(what: "verify", result: result)
    }
    return (result.status, report)
  }

  /// Expects that verify finds nothing.
  @discardableResult
  func expectVerified(sourceLocation: SourceLocation = #_sourceLocation) throws -> VerifyReport {
    let (status, report) = try verify()
    #expect(status == 0 && report.equal && report.full, "\(report)", sourceLocation: sourceLocation)
    return report
  }

  /// Writes to the target past its fence, as nobody should.
  func tamper(_ statements: String) throws {
    try psql("BEGIN; SET LOCAL changeover.apply = 'on'; \(statements); COMMIT")
  }

  /// Writes to the source with triggers switched off.
  func writeSilently(_ statements: String) throws {
    try Program.python("silent_write.py", ["exec", source], input: statements)
  }

  /// Writes to the target after the switch so that its triggers record nothing.
  func tamperBack(_ table: String, _ statements: String) throws {
    try psql(
      """
      BEGIN; ALTER TABLE \(table) DISABLE TRIGGER _changeover_capture; \(statements);
      ALTER TABLE \(table) ENABLE ALWAYS TRIGGER _changeover_capture; COMMIT
      """)
  }

  /// Writes bytes over the beginning of a value, in place: no trigger fires.
  func writeBlob(_ table: String, _ column: String, rowid: Int, _ hexadecimal: String) throws {
    try Program.python("silent_write.py", ["blob", source, table, column, "\(rowid)", hexadecimal])
  }

  /// What `last_verify` of `lag --json` says.
  func lastVerify() throws -> LastVerify? {
    struct Lag: Decodable { var last_verify: LastVerify? }
    let result = try changeover("lag", "--json")
    return try JSONDecoder().decode(Lag.self, from: Data(result.output.utf8)).last_verify
  }

  func unloggedCommits() throws -> Int {
    struct Lag: Decodable { var unlogged_commits: Int }
    return try JSONDecoder().decode(Lag.self, from: Data(try changeover("lag", "--json").output.utf8)).unlogged_commits
  }
}

/// The last verify, as `lag --json` and `status --json` have it.
struct LastVerify: Decodable {
  var equal: Bool
  var full: Bool
  var direction: String
  var seconds_ago: Double
  var rows: Int64
  var differences: Int64
  var repaired: Int64
  var failed_checks: [String]
}
