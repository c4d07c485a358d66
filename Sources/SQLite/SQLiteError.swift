import CSQLite
import Model

/// A failed call into SQLite: what was being done, and SQLite's extended result code and message.
///
/// SQLite's messages name objects and constraints, never row values.
package struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
  package let operation: String
  /// The extended result code (https://www.sqlite.org/rescode.html).
  package let code: Int32
  package let message: String

  package init(operation: String, code: Int32, message: String) {
    self.operation = operation
    self.code = code
    self.message = message
  }

  /// The lower eight bits: the primary result code.
  package var primaryCode: Int32 { code & 0xFF }

  package var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }
  package var isInterrupted: Bool { primaryCode == SQLITE_INTERRUPT }
  package var isNotADatabase: Bool { primaryCode == SQLITE_NOTADB || primaryCode == SQLITE_CORRUPT }
  package var isReadOnly: Bool { primaryCode == SQLITE_READONLY }
  package var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }
  package var isFull: Bool { primaryCode == SQLITE_FULL }
  /// The schema names a table or column that is not (or no longer) there.
  package var isGenericError: Bool { primaryCode == SQLITE_ERROR }

  package var description: String { "\(operation): \(message) (SQLite result code \(code))" }

  /// The same for a person, with what to do about it.
  package func failure(path: String) -> Failure {
    switch primaryCode {
    case SQLITE_NOTADB:
      Failure(
        .badData, "\(path) is not a SQLite database, or it is encrypted",
        remedy: "name the application's database file with --source; an encrypted database must be decrypted first")
    case SQLITE_CORRUPT:
      Failure(
        .badData, "\(path) is damaged: \(message)", remedy: "run PRAGMA integrity_check, repair or restore it first")
    case SQLITE_READONLY:
      Failure(
        .configuration, "cannot write to \(path)",
        remedy: "give this user write permission on the file and on its directory: changeover installs triggers there")
    case SQLITE_CANTOPEN:
      Failure(
        .unreachable, "cannot open \(path): \(message)",
        remedy: "check --source and the permissions of the file and its directory")
    case SQLITE_BUSY, SQLITE_LOCKED:
      Failure(
        .tryAgain, "\(path) stayed locked while changeover tried to \(operation)",
        remedy: "end long transactions of the application (or locking_mode=EXCLUSIVE), then try again")
    case SQLITE_FULL:
      Failure(.configuration, "the disk that holds \(path) is full", remedy: "free some space, then try again")
    default:
      Failure(
        .internalError, "\(path): \(description)",
        remedy: "nothing was half-done; try again, and report it if it stays")
    }
  }
}

extension SQLiteError {
  /// How SQLite refused a row.
  package enum Refusal: Sendable { case constraint, value }

  /// Nil where the error is no matter of the row that was written.
  package var refusal: Refusal? {
    switch primaryCode {
    case SQLITE_CONSTRAINT: .constraint
    case SQLITE_TOOBIG, SQLITE_MISMATCH: .value
    default: nil
    }
  }

  package var isNotNull: Bool { code == changeover_constraint_notnull }

  /// Whether an extended result code says that another row has the same key or UNIQUE value.
  package static func isUniqueness(_ code: Int32) -> Bool {
    [changeover_constraint_unique, changeover_constraint_primarykey, changeover_constraint_rowid].contains(code)
  }
}
