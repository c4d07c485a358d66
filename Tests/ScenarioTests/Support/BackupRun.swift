import FoundationEssentials
import TestSupport
import Testing

/// What `backup --json` says, as far as the tests ask.
struct BackupEntry: Decodable {
  struct Manifest: Decodable {
    struct Source: Decodable { var fenced: Bool, id: String?, journal_mode: String }
    struct Position: Decodable { var sequence: Int64, nonce: String }
    struct Table: Decodable { var name: String, rows: Int64? }
    var source: Source
    var position: Position?
    var tables: [Table]
    var proven: Bool
    var integrity_findings: [String]?
    var foreign_key_violations: Int64?
  }
  var path: String
  var manifest: Manifest

  var database: String { path + "/database.sqlite" }
  func rows(of table: String) -> Int64? { manifest.tables.first { $0.name == table }?.rows }

  init(_ json: String) throws { self = try JSONDecoder().decode(BackupEntry.self, from: Data(json.utf8)) }
}

/// What `backup restore --json` says.
struct RestoreReport: Decodable {
  var restored: Bool
  var kept_as: String?
  var refusals: [String]
  var afterwards: String

  init(_ json: String) throws { self = try JSONDecoder().decode(RestoreReport.self, from: Data(json.utf8)) }
}

extension Scenario {
  /// Makes a backup; throws where that fails.
  func backUp(_ arguments: String...) throws -> BackupEntry {
    let result = try Program.run(
      [Self.binary, "backup", "--json"] + arguments, environment: environment)
    guard result.status == 0 else { throw Program.Failed(what: "backup", result: result) }
    return try BackupEntry(result.output)
  }

  /// The finished backups' folders, and what else is in their directory.
  var backupFolders: [String] { Files.names(in: stateDirectory + "/backups") }
  func listedBackups() throws -> [String] {
    try changeover("backup", "list", "--json").output.split(separator: "\n").map { try BackupEntry(String($0)).path }
  }

  /// Expects a program that shares nothing with the product to find every figure of the manifest right.
  func expectTrue(
    _ backup: BackupEntry, asFile file: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Program.run(
      ["python3", "\(Files.checkout)/Tests/Support/backup_read.py", backup.path] + (file.map { [$0] } ?? []))
    #expect(
      result.status == 0 && result.output.trimmed == "as the manifest says", "\(result.output)\(result.errors)",
      sourceLocation: sourceLocation)
  }

  /// Every transaction of the writers is in the file as a whole, and none after one that is not.
  func expectOneMoment(
    _ file: String, writers: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for number in 1...writers {
      let found = try sqlite("SELECT count(*), max(number) FROM ledger WHERE writer = \(number)", file)
        .split(separator: "|")
      #expect(found.count == 2 && found[0] == found[1], "\(found)", sourceLocation: sourceLocation)
    }
  }
}
