/// What a column or expression is on the target, with what SQLite holds there as far as a translation needs it.
package enum ValueKind: Sendable, Hashable {
  /// The literal NULL.
  case null
  /// `boolean`; SQLite holds 0 and 1.
  case boolean
  /// `smallint`, `integer` or `bigint`; SQLite holds integers only.
  case integer(bits: Int)
  case double(NumberStorage)
  /// `numeric`; SQLite holds integers and reals.
  case numeric
  /// `text COLLATE "C"`, or `citext`. SQLite holds text only.
  case text(isCaseInsensitive: Bool)
  case date(TimeStorage)
  case time(TimeStorage)
  case timestamp(TimeStorage)
  case timestamptz(TimeStorage)
  case uuid(UUIDStorage)
  case json
  case jsonb
  case bytea
  /// A value inside of a JSON document, `jsonb` here: text, a number or a document in SQLite.
  case jsonValue
  /// A column whose storage classes differ from row to row, or of a type that nothing here knows.
  case unknown

  package static let text = ValueKind.text(isCaseInsensitive: false)
  package static let bigint = ValueKind.integer(bits: 64)

  /// What SQLite holds in a column of reals.
  package enum NumberStorage: Sendable, Hashable {
    case real
    /// Also integers, which divide differently.
    case mixed
  }

  /// What SQLite holds where the target holds a date or time.
  package enum TimeStorage: Sendable, Hashable {
    /// Text of one form, in UTC.
    case text(TimeForm)
    /// Seconds or milliseconds since 1970, integers.
    case seconds, milliseconds
    /// Text of several forms, or anything else.
    case mixed
  }

  package enum UUIDStorage: Sendable, Hashable {
    /// 36 characters in lower case.
    case text
    /// 16 bytes.
    case blob
    case mixed
  }

  var isText: Bool { if case .text = self { true } else { false } }

  var timeStorage: TimeStorage? {
    switch self {
    case .date(let storage), .time(let storage), .timestamp(let storage), .timestamptz(let storage): storage
    default: nil
    }
  }

  /// A number to SQLite.
  var isNumber: Bool {
    switch self {
    case .boolean, .integer, .double, .numeric: true
    default: false
    }
  }

  /// The type's name in a cast; nil where there is none to name.
  var castName: String? {
    switch self {
    case .null, .unknown, .jsonValue: nil
    case .boolean: "boolean"
    case .integer(let bits): bits <= 16 ? "smallint" : bits <= 32 ? "integer" : "bigint"
    case .double: "double precision"
    case .numeric: "numeric"
    case .text: "text"
    case .date: "date"
    case .time: "time"
    case .timestamp: "timestamp"
    case .timestamptz: "timestamptz"
    case .uuid: "uuid"
    case .json: "json"
    case .jsonb: "jsonb"
    case .bytea: "bytea"
    }
  }
}

/// A form of dates and times as text whose order as text is their order in time: every value has the same length.
package struct TimeForm: Sendable, Hashable {
  package enum Precision: Int, Sendable, Hashable, Comparable {
    case day, minute, second, fraction
    package static func < (a: Precision, b: Precision) -> Bool { a.rawValue < b.rawValue }
  }
  package var precision: Precision
  /// `T` between date and time instead of a blank.
  package var usesT: Bool
  /// Digits of the fraction.
  package var digits: Int
  /// What every value ends with: nothing, `Z` or `+00:00`.
  package var suffix: String

  package init(_ precision: Precision, usesT: Bool = false, digits: Int = 0, suffix: String = "") {
    self.precision = precision
    self.usesT = usesT
    self.digits = precision == .fraction ? digits : 0
    self.suffix = suffix
  }

  package static let day = TimeForm(.day)
  package static let second = TimeForm(.second)
}
