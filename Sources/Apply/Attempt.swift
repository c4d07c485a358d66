import Postgres

/// How a group is written to the target; what the server refused decides what is tried next.
struct Attempt: Equatable {
  /// Each way is slower and gets further than the one before.
  enum Way: Int, Comparable {
    case upsert
    /// Rows that swap a unique value: all keys are deleted before the rows are inserted.
    case replace
    /// Rows that the server refuses are found one by one and put into the quarantine.
    case oneByOne
    static func < (a: Way, b: Way) -> Bool { a.rawValue < b.rawValue }
  }

  private(set) var way = Way.upsert
  /// Keys may come more than once, and the last image counts.
  private(set) var keysMayRepeat: Bool

  /// Rows that are wider than a page are told by their size: no staging table takes them.
  private(set) var measures = false

  init(keysMayRepeat: Bool) { self.keysMayRepeat = keysMayRepeat }

  /// Goes one step further; false where no other way would help.
  mutating func next(after error: PostgresError) -> Bool {
    switch error.sqlState {
    case Ownership.notClean: return true  // Staging takes care of the quarantine.
    // Keys that differ in SQLite and are one to PostgreSQL, such as 0.0 and −0.0.
    case "21000" where !keysMayRepeat: keysMayRepeat = true
    case PostgresError.limitExceeded where way == .oneByOne && !measures: measures = true
    case _ where error.isUniqueViolation && way == .upsert: way = .replace
    case _ where error.refusesRows && way < .oneByOne: way = .oneByOne
    default: return false
    }
    return true
  }
}
