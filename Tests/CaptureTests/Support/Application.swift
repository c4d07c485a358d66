import FoundationEssentials
import Model
import SQLite
import TestSupport

/// Who writes to the source.
enum Application: String, CaseIterable {
  case inProcess, inProcessRecursive, python, pythonRecursive

  /// With `recursive_triggers` a REPLACE fires delete triggers.
  var pragmas: [String] {
    let isRecursive = self == .inProcessRecursive || self == .pythonRecursive
    return ["PRAGMA synchronous = OFF", "PRAGMA recursive_triggers = \(isRecursive ? "ON" : "OFF")"]
  }

  var isPython: Bool { self == .python || self == .pythonRecursive }
}

/// What an application sees of a statement that it ran.
struct Outcome: Equatable, CustomStringConvertible {
  /// Empty for a statement that went well.
  let error: String
  let rows: String
  let changes: Int64
  let lastID: Int64

  /// The row that a refused statement last tried may differ: with any AFTER trigger on the table SQLite checks foreign
  /// keys at the end of the statement instead of at the row.
  static func == (a: Outcome, b: Outcome) -> Bool {
    a.error == b.error && a.rows == b.rows && a.changes == b.changes && (a.lastID == b.lastID || !a.error.isEmpty)
  }

  var description: String { "(error '\(error)', rows \(rows), changes() \(changes), last_insert_rowid() \(lastID))" }
}

/// A connection of the application's.
protocol ApplicationConnection {
  func run(_ sql: String) throws -> Outcome
}

/// The application's connection in this process.
final class OwnConnection: ApplicationConnection {
  let database: Database

  init(path: String, pragmas: [String]) throws {
    database = try Database(path: path, access: .readWrite)
    for pragma in pragmas { _ = try database.scalar(pragma) }
  }

  func run(_ sql: String) throws -> Outcome {
    var rows: [[Value]] = []
    var message = ""
    do throws(SQLiteError) {
      let statement = try database.prepare(sql)
      while try statement.step() { rows.append((0..<statement.columnCount).map { statement.value($0) }) }
    } catch {
      message = error.message
    }
    return Outcome(
      error: message, rows: "\(rows)", changes: try database.integer("SELECT changes()"),
      lastID: try database.integer("SELECT last_insert_rowid()"))
  }
}

/// Connections in a Python process: another process, through another build of SQLite's API.
final class PythonProcess {
  private let child: Child

  init() throws { child = try Child("python3", [SourcePath.support("application.py")]) }

  private struct Answer: Decodable {
    let rows: String
    let error: String
    let changes: Int64
    let last: Int64
  }

  private func ask(_ request: JSON) throws -> Data {
    try child.send(request.text)
    guard let line = try child.line() else { throw SystemFailure("the Python application ended", child.wait()) }
    return Data(line.utf8)
  }

  func connect(path: String, pragmas: [String]) throws -> any ApplicationConnection {
    let answer = try ask(.object([("open", .string(path)), ("pragmas", .array(pragmas.map { .string($0) }))]))
    let number = try JSONDecoder().decode(Int64.self, from: answer)
    return PythonConnection(process: self, number: number)
  }

  private struct PythonConnection: ApplicationConnection {
    let process: PythonProcess
    let number: Int64

    func run(_ sql: String) throws -> Outcome {
      let answer = try process.ask(.object([("on", .integer(number)), ("run", .string(sql))]))
      let decoded = try JSONDecoder().decode(Answer.self, from: answer)
      return Outcome(error: decoded.error, rows: decoded.rows, changes: decoded.changes, lastID: decoded.last)
    }
  }
}
