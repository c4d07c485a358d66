/// The PostgreSQL type of a column, with what of SQLite's storage classes it takes.
///
/// Written as text in plans and settings: `bigint`, `numeric(12,2)`, `varchar(50)`.
@usableFromInline package enum TargetType: Sendable, Hashable {
  /// INTEGER in the type's range.
  case smallint, integer, bigint
  /// REAL that four bytes hold exactly, and INTEGER of up to 24 bits.
  case real
  /// REAL, and INTEGER that a double holds exactly.
  case double
  /// INTEGER, REAL by its shortest decimal, TEXT that is a decimal; nothing is ever rounded.
  case numeric(NumericLimits?)
  /// 0 and 1, and the words that PostgreSQL takes.
  case boolean
  case date, time, timestamp, timestamptz
  case uuid
  /// JSON as written.
  case json
  /// JSON as it is understood: what a jsonb would lose (a repeated key) does not fit.
  case jsonb
  /// BLOB only; TEXT too where the column's reading says so.
  case bytea
  /// TEXT only.
  case text
  /// TEXT of at most so many characters.
  case varchar(Int32), char(Int32)
  /// TEXT that compares without regard to case: the extension's type.
  case citext
  /// TEXT that is one of an enumeration's labels; only in tables that the user made.
  case enumeration
  /// TEXT as it is, numbers in decimal, BLOB as `\x` and hexadecimal: for columns that no single type carries.
  case anyText
  /// TEXT as it is and finite numbers in decimal: for keys with a typed affinity, which stores '1' as 1, so that no two
  /// keys meet. (The text 'inf' is no number to SQLite, and a BLOB would have to be written as some text.)
  case keyText

  /// The type as DDL has it.
  package var sql: String {
    switch self {
    case .smallint: "smallint"
    case .integer: "integer"
    case .bigint: "bigint"
    case .real: "real"
    case .double: "double precision"
    case .numeric(nil): "numeric"
    case .numeric(let limits?): "numeric(\(limits.precision),\(limits.scale))"
    case .boolean: "boolean"
    case .date: "date"
    case .time: "time"
    case .timestamp: "timestamp"
    case .timestamptz: "timestamptz"
    case .uuid: "uuid"
    case .json: "json"
    case .jsonb: "jsonb"
    case .bytea: "bytea"
    // "C" is SQLite's BINARY: the same equality and the same order.
    case .text, .anyText, .keyText, .enumeration: "text COLLATE \"C\""
    case .varchar(let length): "varchar(\(length)) COLLATE \"C\""
    case .char(let length): "char(\(length)) COLLATE \"C\""
    case .citext: "citext"
    }
  }

  /// The type that values travel as, for casts and staging tables: without collation or limits, and text for the types
  /// that PostgreSQL reads from text.
  package var baseSQL: String {
    switch self {
    case .numeric: "numeric"
    case .text, .anyText, .keyText, .varchar, .char, .citext, .enumeration: "text"
    default: sql
    }
  }

  /// Whether values travel as text.
  @inlinable package var isText: Bool {
    switch self {
    case .text, .anyText, .keyText, .varchar, .char, .citext, .enumeration: true
    default: false
    }
  }

  /// Whether values are points in time or parts of them.
  @inlinable package var isTime: Bool {
    switch self {
    case .date, .time, .timestamp, .timestamptz: true
    default: false
    }
  }
}

/// How many digits a `numeric(precision, scale)` takes, and how many of them after the point.
@usableFromInline package struct NumericLimits: Sendable, Hashable {
  package let precision: Int16
  package let scale: Int16

  /// Nil for limits that are no type: PostgreSQL takes precisions from 1 to 1,000, and we scales from 0 to the precision.
  package init?(precision: Int, scale: Int) {
    guard (1...1_000).contains(precision), (0...precision).contains(scale) else { return nil }
    self.precision = Int16(precision)
    self.scale = Int16(scale)
  }
}
