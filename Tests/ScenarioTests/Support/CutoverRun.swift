import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What `cutover --json` said.
struct CutoverReport: Decodable {
  struct Checkpoint: Decodable {
    var name: String
    var ok: Bool
    var detail: String
    var ms: Double
  }
  var switched: Bool
  var pause_ms: Double?
  var refused_ms: Double?
  var checkpoints: [Checkpoint]

  init(_ json: String) throws { self = try JSONDecoder().decode(CutoverReport.self, from: Data(json.utf8)) }

  var failed: [String] { checkpoints.filter { !$0.ok }.map(\.name) }
  func detail(_ name: String) -> String? { checkpoints.first { $0.name == name }?.detail }
}

/// A cutover with `--json` that was started.
struct CutoverProcess {
  let process: ChildProcess
  /// What the fault point waits for.
  let faultFile: String

  func waitUntilReached(seconds: Double = 30) throws {
    try Waiting.until("the fault point", seconds: seconds, details: { process.everythingSaid }) {
      Files.exists(faultFile + ".reached")
    }
  }

  func letGoOn() throws { try Files.write("", to: faultFile) }

  func finish(seconds: Double = 60) throws -> (status: Int32, report: CutoverReport) {
    let status = try process.wait(seconds: seconds)
    do {
      return (status, try CutoverReport(process.output))
    } catch {
      throw Program.Failed(
        what: "cutover", result: .init(status: status, output: process.output, errors: process.errors))
    }
  }
}

extension Scenario {
  /// Starts `cutover --json`, or `rollback`, which does what CHANGEOVER_FAULT says at a fault point.
  func startCutover(
    _ arguments: [String] = ["--execute"], command: String = "cutover", fault: String? = nil
  ) throws -> CutoverProcess {
    let faultFile = "\(directory)/fault-\(UInt32.random(in: 0 ... .max))"
    var environment = self.environment
    if let fault {
      environment["CHANGEOVER_FAULT"] = fault
      environment["CHANGEOVER_FAULT_FILE"] = faultFile
    }
    let process = try spawn([Self.binary, command, "--json"] + arguments, environment: environment)
    return CutoverProcess(process: process, faultFile: faultFile)
  }

  /// Runs `cutover --json` to its end.
  func cutover(_ arguments: String...) throws -> (status: Int32, report: CutoverReport) {
    try startCutover(arguments).finish()
  }

  /// Starts `rollback --json`, which does what CHANGEOVER_FAULT says at a fault point.
  func startRollback(_ arguments: [String] = ["--execute"], fault: String? = nil) throws -> CutoverProcess {
    try startCutover(arguments, command: "rollback", fault: fault)
  }

  /// Runs `rollback --json` to its end.
  func rollback(_ arguments: String...) throws -> (status: Int32, report: CutoverReport) {
    try startRollback(arguments).finish()
  }

  /// The writers' tables, copied; nothing runs.
  func prepareCopied(rows: Int = 60, mode: String = "wal") throws {
    try createWritersTables(rows: rows, mode: mode)
    try copyAll()
  }

  func copyAll() throws {
    let result = try changeover("sync", "--until-caught-up")
    guard result.status == 0 else { throw Program.Failed(what: "sync", result: result) }
  }

  /// Whether the application may write to the SQLite file; what the statement writes is rolled back.
  func isSourceWritable(_ statement: String = "INSERT INTO event VALUES ('probe', NULL, 0)") throws -> Bool {
    do {
      try sqlite("BEGIN IMMEDIATE; \(statement); ROLLBACK;")
      return true
    } catch let failure as Program.Failed where failure.result.errors.contains("has moved to PostgreSQL") {
      return false
    }
  }

  /// Whether the application may write to PostgreSQL; what the statement writes is rolled back.
  func isTargetWritable(_ statement: String = "INSERT INTO event (kind) VALUES ('probe')") throws -> Bool {
    do {
      try psql("BEGIN; \(statement); ROLLBACK;")
      return true
    } catch let failure as Program.Failed where failure.result.errors.contains("is closed") {
      return false
    }
  }

  /// A sync goes on after the switch, in the other direction; asked to, it ends well.
  func expectFollowsBack(_ sync: ChildProcess, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try sync.waitUntilSays("streaming back from")
    let status = try sync.stop()
    #expect(status == 0, "\(sync.everythingSaid)", sourceLocation: sourceLocation)
  }

  /// After a recovery exactly one store takes writes.
  func expectOneWritable(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let writable = (source: try isSourceWritable(), target: try isTargetWritable())
    #expect(writable.source != writable.target, "\(writable)", sourceLocation: sourceLocation)
  }

  /// After the switch: SQLite is closed, PostgreSQL open, both hold the same, and every transaction that was
  /// acknowledged to a writer is there.
  func expectSwitched(_ writers: [PythonWriter] = [], sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try !isSourceWritable(), sourceLocation: sourceLocation)
    #expect(try isTargetWritable(), sourceLocation: sourceLocation)
    try expectEqual(sourceLocation: sourceLocation)
    for (index, writer) in writers.enumerated() {
      let status = try writer.process.wait()
      #expect(status == 1, "\(writer.process.everythingSaid)", sourceLocation: sourceLocation)
      #expect(
        writer.process.errors.contains("this database has moved to PostgreSQL: \(database)"),
        "\(writer.process.errors)", sourceLocation: sourceLocation)
      let found = try psql("SELECT count(*), max(number) FROM ledger WHERE writer = \(index + 1)")
      let number = writer.acknowledged
      #expect(found == "\(number)|\(number)", sourceLocation: sourceLocation)
    }
  }
}
