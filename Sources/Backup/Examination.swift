import Model
import SQLite

/// SQLite's own checks of a database.
enum Examination {
  /// As many findings as are worth reading.
  private static let most = 20

  /// What the integrity check finds, the first of it; nil where it cannot run for want of a function or a collation.
  static func integrity(of database: borrowing Database) throws -> [String]? {
    var findings: [String] = []
    do {
      try database.forEach("PRAGMA integrity_check(\(most))") { findings.append($0.string(0) ?? "") }
    } catch let error as SQLiteError where error.isNotADatabase {
      findings.append(error.message)
    } catch let error as SQLiteError where error.isGenericError {
      return nil
    }
    return findings == ["ok"] ? [] : findings
  }

  /// Rows whose foreign keys lead nowhere; nil where a key's parent is not what a key needs.
  static func foreignKeyViolations(in database: borrowing Database) throws -> Int64? {
    do {
      return try database.integer("SELECT count(*) FROM pragma_foreign_key_check")
    } catch {
      guard error.isGenericError || error.isNotADatabase else { throw error }
      return nil
    }
  }
}
