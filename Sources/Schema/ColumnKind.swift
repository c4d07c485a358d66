import Dialect
import Model

/// What a planned column is to expressions over it.
extension ColumnPlan {
  func kind(storing forms: TimeForm?) -> ValueKind {
    let time: ValueKind.TimeStorage =
      switch (reading.numbers, reading.format) {
      case (.seconds?, _): .seconds
      case (.milliseconds?, _): .milliseconds
      case (nil, nil): forms.map { .text($0) } ?? .mixed
      default: .mixed
      }
    switch type {
    case .smallint: return .integer(bits: 16)
    case .integer: return .integer(bits: 32)
    case .bigint: return .bigint
    case .real, .double: return .double(.mixed)
    case .numeric: return .numeric
    case .boolean: return .boolean
    case .date: return .date(time)
    case .time: return .time(time)
    case .timestamp: return .timestamp(time)
    case .timestamptz: return .timestamptz(time)
    case .uuid: return .uuid(.mixed)
    case .json: return .json
    case .jsonb: return .jsonb
    case .bytea: return .bytea
    case .text, .varchar: return .text
    case .citext: return .text(isCaseInsensitive: true)
    case .char, .enumeration, .anyText, .keyText: return .unknown
    }
  }
}

extension ColumnFacts {
  /// The one form that all texts of a date or time column have; nil where they have several.
  func timeForm(as column: ColumnPlan) -> TimeForm? {
    let tally = candidates.first { $0.type == column.type && $0.reading.numbers == column.reading.numbers }
    guard let tally, tally.spellings.count == 1 else { return nil }
    return nil
  }
}
