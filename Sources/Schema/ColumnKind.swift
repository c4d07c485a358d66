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
    guard let spelling = tally?.spellings.first, tally?.spellings.count == 1, spelling.storageClass == .text,
      let written = TimeSpelling(spelling)
    else { return nil }
    return TimeForm(written)
  }
}

extension TimeForm {
  /// Nil for what does not sort as time does: an offset that is not UTC's.
  fileprivate init?(_ written: TimeSpelling) {
    let suffix: String
    switch written.zone {
    case .none: suffix = ""
    case .upperZ: suffix = "Z"
    case .colon where written.offsetMinutes == 0 && !written.isWest: suffix = "+00:00"
    default: return nil
    }
    guard !written.hasSpaceBeforeZone else { return nil }
    switch (written.separator, written.precision) {
    case (.dateOnly, _): self.init(.day)
    case (.lower, _): return nil
    case (let separator, let precision):
      self.init(
        precision == 0 ? .minute : precision == 1 ? .second : .fraction, usesT: separator == .upper,
        digits: max(Int(precision) - 1, 0), suffix: suffix)
    }
  }
}
