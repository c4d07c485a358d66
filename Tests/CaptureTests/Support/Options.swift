import CSQLite
import Testing

@testable import SQLite

extension Database {
  /// SQLite's defence against SQL that would damage the file on purpose.
  func setDefensive() throws {
    var result: Int32 = 0
    let code = changeover_db_config_flag(handle, Int32(SQLITE_DBCONFIG_DEFENSIVE), 1, &result)
    try #require(code == SQLITE_OK && result == 1)
  }

  /// The plan of a statement and of all triggers that it would fire.
  func queryPlan(_ sql: String) throws -> [String] {
    var result: Int32 = 0
    let code = changeover_db_config_flag(handle, Int32(SQLITE_DBCONFIG_TRIGGER_EQP), 1, &result)
    try #require(code == SQLITE_OK && result == 1)
    var lines: [String] = []
    try forEach("EXPLAIN QUERY PLAN \(sql)") { lines.append($0.string(3) ?? "") }
    return lines
  }
}
