import Model

/// The types that a column could have by its declaration, the best first; the scan tells which of them every value fits.
package enum TypeCandidates {
  /// - Parameter isRowid: whether the column is the INTEGER PRIMARY KEY, whose numbers SQLite gives out.
  package static func candidates(
    of column: SourceColumn, _ settings: ColumnSettings = ColumnSettings(), isRowid: Bool = false
  ) -> [CandidateTally] {
    if let type = settings.type { return [CandidateTally(type, settings.reading(for: type))] }
    var types: [TargetType]
    if isRowid {
      types = [.bigint]
    } else if settings.types == .storage {
      types = storage(column)
    } else {
      types = native(column) ?? ((settings.types == .strict ? limited(column) : []) + storage(column))
    }
    if settings.zone != nil, let place = types.firstIndex(of: .timestamp), types.firstIndex(of: .timestamptz) != 0 {
      types.removeAll { $0 == .timestamptz }
      types.insert(.timestamptz, at: place)
    }
    if settings.nul == .bytea, types.contains(where: \.isText), !types.contains(.bytea) { types.append(.bytea) }
    return types.map { CandidateTally($0, settings.reading(for: $0)) }
  }

  /// A declared type's name in capitals with single spaces, and the numbers in its parentheses.
  static func parts(of declared: String) -> (name: String, arguments: [Int]) {
    let pieces = declared.uppercased().split(separator: "(", maxSplits: 1)
    let name = (pieces.first ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard pieces.count == 2, let end = pieces[1].firstIndex(of: ")") else { return (name, []) }
    let arguments = pieces[1][..<end].split(separator: ",").map { part in Int(part.filter { !$0.isWhitespace }) }
    return (name, arguments.contains(nil) ? [] : arguments.compactMap { $0 })
  }

  /// Types that SQLite has no storage class for; nil where the declaration names none.
  private static func native(_ column: SourceColumn) -> [TargetType]? {
    let (name, arguments) = parts(of: column.declared)
    // TEXT is what the schema's author said, whatever else the name says; so is a number.
    guard column.affinity == .numeric || (name.hasPrefix("DATETIME") && column.affinity != .text) else { return nil }
    if name.hasPrefix("BOOL") { return [.boolean] }
    if name == "DATE" { return [.date, .timestamp] }
    if name == "TIME" || name == "TIME WITHOUT TIME ZONE" { return [.time] }
    let isZoned = name.contains("TIMESTAMPTZ") || name.contains("WITH TIME ZONE") || name == "DATETIMEOFFSET"
    if isZoned, !name.hasPrefix("TIME ") { return [.timestamptz, .timestamp] }
    if name.hasPrefix("DATETIME") || name.hasPrefix("TIMESTAMP") || name == "SMALLDATETIME" {
      return [.timestamp, .timestamptz]
    }
    if ["UUID", "GUID", "UNIQUEIDENTIFIER"].contains(name) { return [.uuid] }
    if name == "JSON" { return [.json] }
    if name == "JSONB" { return [.jsonb] }
    if name.contains("BINARY") { return [.bytea] }
    guard isDecimal(name) else { return nil }
    var types: [TargetType] = [.numeric(nil), .double]
    if let precision = arguments.first, arguments.count <= 2,
      let limits = NumericLimits(precision: precision, scale: arguments.count == 2 ? arguments[1] : 0)
    {
      types.insert(.numeric(limits), at: 0)
    }
    return types
  }

  static func isDecimal(_ name: String) -> Bool {
    // The letters NUM also stand in ENUM.
    ["DEC", "NUM", "MONEY", "CURRENCY"].contains { name.contains($0) } && !name.contains("ENUM")
  }

  /// The limits that are declared and that SQLite does not know.
  private static func limited(_ column: SourceColumn) -> [TargetType] {
    let (name, arguments) = parts(of: column.declared)
    switch name {
    case "SMALLINT", "INT2", "TINYINT": return [.smallint, .integer]
    case "INT", "INTEGER", "MEDIUMINT", "INT4": return [.integer]
    default:
      guard column.affinity == .text, name.contains("CHAR"), arguments.count == 1,
        let type = TargetType("varchar(\(arguments[0]))")
      else { return [] }
      return [type]
    }
  }

  private static func storage(_ column: SourceColumn) -> [TargetType] {
    switch column.affinity {
    case .integer: [.bigint]
    case .real: [.double]
    case .text: [.text]
    case .blob: column.declared.isEmpty || column.declared.uppercased() == "ANY" ? [] : [.bytea]
    case .numeric: []
    }
  }
}

extension Reading.Numbers {
  /// The windows do not meet, so that a number tells its own unit: 1973 to 2103 in each.
  private static let windows: [(unit: Reading.Numbers, window: ClosedRange<Int64>)] = [
    (.seconds, 100_000_000...4_200_000_000), (.milliseconds, 100_000_000_000...4_200_000_000_000),
    (.microseconds, 100_000_000_000_000...4_200_000_000_000_000),
  ]
  /// Days from -57 to 10072.
  private static let julianDays = 1_700_000.0...5_400_000.0
  private static let realSeconds = 1e8...4.2e9

  /// What an integer probably counts; nil where it could be any number.
  package init?(recognising integer: Int64) {
    guard let found = Self.windows.first(where: { $0.window.contains(integer) }) else { return nil }
    self = found.unit
  }

  /// What a REAL probably counts.
  package init?(recognising real: Double) {
    if Self.julianDays.contains(real) {
      self = .julianDay
    } else if Self.realSeconds.contains(real) {
      self = .seconds
    } else {
      return nil
    }
  }

  /// Whether all of a column's numbers count this.
  func isCertain(of facts: ColumnFacts) -> Bool {
    let integers = facts.integers.map { [$0.lowerBound, $0.upperBound] } ?? []
    let reals = facts.reals.map { [$0.lowerBound, $0.upperBound] } ?? []
    return facts.infinities == 0 && integers.allSatisfy { Self(recognising: $0) == self }
      && reals.allSatisfy { Self(recognising: $0) == self }
  }
}
