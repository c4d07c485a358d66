import Conversion
import Model
import SQLite
import Schema

/// Why SQLite does not take a row back. Never holds a value.
struct Refusal: Sendable, Equatable {
  /// The column at fault, where one is.
  var column: String?
  var reason: String
  /// SQLite's extended result code, where a constraint refused: such rows are tried again.
  var code: Int32?

  init(_ reason: String, column: String? = nil, code: Int32? = nil) {
    self.reason = reason
    self.column = column
    self.code = code
  }

  static func notANumber(_ column: String) -> Refusal {
    Refusal("holds NaN, which SQLite turns into NULL", column: column)
  }

  static func infinite(_ column: String) -> Refusal {
    Refusal("holds infinity, which SQLite cannot write here", column: column)
  }

  static func years(_ column: String) -> Refusal {
    Refusal("holds a time outside of the years 1 to 9999, which SQLite cannot write", column: column)
  }

  static func unspelled(_ column: String, _ type: TargetType) -> Refusal {
    Refusal("holds a \(words(type)) that no spelling of the column's gives back exactly", column: column)
  }

  static func altered(_ column: String, _ type: TargetType, _ affinity: Affinity) -> Refusal {
    Refusal(
      "holds a \(words(type)) that SQLite would store as another value (its affinity is \(affinity.rawValue.uppercased()))",
      column: column)
  }

  private static func words(_ type: TargetType) -> String {
    type == .anyText || type == .keyText ? "text" : type.description
  }

  static func otherKey(_ column: String) -> Refusal {
    Refusal("holds a key that SQLite would store as another key", column: column)
  }

  /// What SQLite said; nil where the error is no matter of the row.
  init?(_ error: SQLiteError) {
    let refusal = "refused by SQLite: \(error.message)"
    switch error.refusal {
    case nil: return nil
    case .constraint: self.init(refusal, column: Self.column(in: error), code: error.code)
    case .value: self.init(refusal)
    }
  }

  /// The column that a message such as "NOT NULL constraint failed: orders.total" names, if it names one.
  private static func column(in error: SQLiteError) -> String? {
    guard error.isNotNull, let dot = error.message.firstIndex(of: ".") else { return nil }
    return String(error.message[error.message.index(after: dot)...])
  }

  /// Whether another row has what must be unique: that row may still change in the same group.
  var isUniqueness: Bool { code.map { SQLiteError.isUniqueness($0) } ?? false }
}
