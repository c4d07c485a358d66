import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// A statement of the application's, and whether SQLite refuses it.
enum Step: ExpressibleByStringLiteral {
  case run(String)
  case refused(String)

  init(stringLiteral sql: String) { self = .run(sql) }

  var sql: String {
    switch self {
    case .run(let sql), .refused(let sql): sql
    }
  }
}

/// Runs a script on an installed source and, side by side, on a twin that knows nothing of changeover.
///
/// The application must see the same of every statement on both, both must end the same, and what was captured must add
/// up to the source. Done for every kind of application, capturing after each statement and only at the end.
struct Scenario {
  var schema: [String]
  var journalMode = "wal"
  var selection = TableSelection()
  var keyedByRowid: Set<String> = []
  /// PRAGMAs of the application's connections.
  var pragmas: [String] = []
  var applications = Application.allCases

  init(
    _ schema: String..., journalMode: String = "wal", selection: TableSelection = TableSelection(),
    keyedByRowid: Set<String> = [], pragmas: [String] = [], applications: [Application] = Application.allCases
  ) {
    self.schema = schema
    self.journalMode = journalMode
    self.selection = selection
    self.keyedByRowid = keyedByRowid
    self.pragmas = pragmas
    self.applications = applications
  }

  func expectCaptured(_ steps: Step..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    try expectCaptured(steps, sourceLocation: sourceLocation)
  }

  func expectCaptured(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let python = applications.contains(where: \.isPython) ? try PythonProcess() : nil
    for application in applications {
      for capturesOften in [true, false] {
        let bench = try Bench(schema, journalMode: journalMode, selection: selection, keyedByRowid: keyedByRowid)
        let twin = try TemporaryDirectory()
        let twinPath = twin.file("shop.db")
        try Bench.prepare(Database(path: twinPath, access: .create), schema, journalMode: journalMode)
        func connect(_ path: String) throws -> any ApplicationConnection {
          let pragmas = application.pragmas + pragmas
          guard application.isPython, let python else { return try OwnConnection(path: path, pragmas: pragmas) }
          return try python.connect(path: path, pragmas: pragmas)
        }
        let (writer, twinWriter) = (try connect(bench.path), try connect(twinPath))
        for step in steps {
          let outcome = try writer.run(step.sql)
          let comment = "\(application) after '\(step.sql.prefix(200))'"
          #expect(try outcome == twinWriter.run(step.sql), "\(comment)", sourceLocation: sourceLocation)
          if case .run = step { #expect(outcome.error == "", "\(comment)", sourceLocation: sourceLocation) }
          if case .refused = step { #expect(outcome.error != "", "\(comment)", sourceLocation: sourceLocation) }
          if capturesOften {
            try bench.capture()
            try bench.expectInStep(comment, sourceLocation: sourceLocation)
          }
        }
        try bench.capture()
        try bench.expectInStep("\(application) at the end", sourceLocation: sourceLocation)
        let twinDatabase = try Database(path: twinPath, access: .readOnly)
        let expected = try Replica(of: bench.installation.tables, in: twinDatabase)
        let differences = bench.replica.differences(from: expected)
        #expect(differences.isEmpty, "\(application) beside its twin", sourceLocation: sourceLocation)
      }
    }
  }
}
