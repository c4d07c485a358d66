import Model

/// The type of a column with the way its values are read.
package struct ChosenType: Sendable, Hashable {
  package var type: TargetType
  package var reading: Reading
  /// What people should know of the choice.
  package var notes: [String] = []
}

/// What a column serves for besides holding values.
package struct ColumnRole: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Tells rows apart: two keys must not meet.
  package static let key = ColumnRole(rawValue: 1)
  /// Part of a UNIQUE index.
  package static let unique = ColumnRole(rawValue: 2)
  /// Part of any index.
  package static let indexed = ColumnRole(rawValue: 4)
  /// The INTEGER PRIMARY KEY.
  package static let rowid = ColumnRole(rawValue: 8)

  /// Whether two values that differ must differ on the target.
  var keepsApart: Bool { !isDisjoint(with: [.key, .unique]) }
}

extension TypeChoice {
  /// The first candidate that takes every value; otherwise what carries them all, with a note that tells why.
  package static func choose(
    _ column: SourceColumn, facts: ColumnFacts, role: ColumnRole = [], _ settings: ColumnSettings = ColumnSettings(),
    hasCitext: Bool = false
  ) -> ChosenType {
    if let type = settings.type { return chosen(type, column, facts, role, settings) }
    let choice = native(column, facts, role, settings) ?? fallback(column, facts, role, settings)
    guard hasCitext, choice.type == .text, column.collation.uppercased() == "NOCASE", settings.types != .storage,
      column.affinity == .text, !role.contains(.key), !(role.contains(.unique) && facts.textsBeyondASCII > 0)
    else { return choice }
    var folded = choice
    folded.type = .citext
    folded.notes.append(
      "column '\(column.name)' is NOCASE and becomes citext, which also folds letters beyond ASCII")
    return folded
  }

  /// Nil where no candidate takes every value.
  private static func native(
    _ column: SourceColumn, _ facts: ColumnFacts, _ role: ColumnRole, _ settings: ColumnSettings
  ) -> ChosenType? {
    let candidates =
      facts.candidates.isEmpty && facts.counts.present == 0
      ? TypeCandidates.candidates(of: column, settings, isRowid: role.contains(.rowid)) : facts.candidates
    for tally in candidates where tally.misfits == 0 {
      guard let reading = reading(of: tally, column, facts, role, settings) else { continue }
      var choice = ChosenType(type: tally.type, reading: reading)
      if let numbers = reading.numbers, settings.time == nil, facts.counts.integer &+ facts.counts.real > 0 {
        choice.notes.append(
          "column '\(column.name)': numbers are read as \(numbers.words); say otherwise with --time")
      }
      return choice
    }
    return nil
  }

  /// How the candidate's values are read; nil where the column's role forbids the type.
  private static func reading(
    of tally: CandidateTally, _ column: SourceColumn, _ facts: ColumnFacts, _ role: ColumnRole,
    _ settings: ColumnSettings
  ) -> Reading? {
    var reading = tally.reading
    if let numbers = reading.numbers, settings.time == nil, !numbers.isCertain(of: facts) { return nil }
    // PostgreSQL's json has no equality.
    if tally.type == .json, !role.isEmpty { return nil }
    guard role.keepsApart else { return reading }
    reading.nul = .fail
    reading.empty = .quarantine
    switch tally.type {
    case .bigint, .integer, .smallint, .text, .varchar: return reading
    case .bytea where tally.reading.nul == .bytea: return nil
    case .bytea, .double: return isStored(tally.type, column, facts, role) ? reading : nil
    case .numeric: return column.affinity == .numeric && facts.counts.text == 0 ? reading : nil
    case .date, .time, .timestamp, .timestamptz, .uuid, .boolean:
      guard tally.spellings.count == 1, facts.emptyTexts == 0 || tally.reading.empty != .null else { return nil }
      reading.spelling = tally.spellings[0]
      return reading
    default: return nil
    }
  }

  /// Whether a type that is no more than a storage class is the one that storage classes alone give.
  private static func isStored(
    _ type: TargetType, _ column: SourceColumn, _ facts: ColumnFacts, _ role: ColumnRole
  ) -> Bool { TypeChoice.type(of: column, facts: facts, isKey: role.contains(.key)) == type }

  /// The type that the user chose; whether the values fit it is checked apart.
  private static func chosen(
    _ type: TargetType, _ column: SourceColumn, _ facts: ColumnFacts, _ role: ColumnRole, _ settings: ColumnSettings
  ) -> ChosenType {
    let tally = facts.candidates.first { $0.type == type }
    var reading = tally?.reading ?? settings.reading(for: type)
    if role.keepsApart {
      reading.nul = .fail
      reading.empty = .quarantine
      if let spellings = tally?.spellings, spellings.count == 1 { reading.spelling = spellings[0] }
    }
    return ChosenType(type: type, reading: reading)
  }

  private static func fallback(
    _ column: SourceColumn, _ facts: ColumnFacts, _ role: ColumnRole, _ settings: ColumnSettings
  ) -> ChosenType {
    let type = TypeChoice.type(of: column, facts: facts, isKey: role.contains(.key))
    var choice = ChosenType(type: type, reading: Reading())
    if type.isText, !role.keepsApart, settings.nul == .strip { choice.reading.nul = .strip }
    guard settings.types != .storage, let wanted = facts.candidates.first, wanted.type != type || wanted.misfits > 0
    else { return choice }
    if wanted.misfits > 0 {
      let counts = wanted.type.isTime && wanted.reading.numbers == nil && facts.counts.integer &+ facts.counts.real > 0
      let remedy = counts ? "say with --time what its numbers count" : "mend them, or choose with --type"
      let outcome = wanted.type == type ? "their rows go to the quarantine" : "it becomes \(type.name); \(remedy)"
      choice.notes.append(
        "column '\(column.name)': \(wanted.misfits) of \(facts.counts.present) values are no \(wanted.type.name)"
          + (wanted.byReason.isEmpty ? "" : " (\(wanted.reasons))") + ": \(outcome)")
    } else if facts.counts.present > 0 {
      let why =
        wanted.reading.numbers == nil || !role.isEmpty
        ? "in a key or index, where two spellings could meet, it"
        : "its numbers could count anything (say what with --time): it"
      choice.notes.append("column '\(column.name)' could be \(wanted.type.name); \(why) becomes \(type.name)")
    }
    return choice
  }
}

extension CandidateTally {
  /// Why values do not fit, and how many each: "holds text that is no date: 3".
  package var reasons: String { byReason.map { "\($0.reason): \($0.count)" }.joined(separator: "; ") }
}

extension Reading.Numbers {
  var words: String {
    switch self {
    case .seconds: "Unix time in seconds"
    case .milliseconds: "Unix time in milliseconds"
    case .microseconds: "Unix time in microseconds"
    case .julianDay: "Julian days"
    }
  }
}

extension TargetType {
  /// The type for people: text whatever it takes.
  fileprivate var name: String { self == .anyText || self == .keyText ? "text" : description }
}
