import Conversion
import Model
import SQLite
import Schema

/// Looks at what the columns of a table hold beside the types that were chosen for them.
struct ColumnCheck {
  /// PostgreSQL's largest value is a little below this.
  private static let longestValue = 0x3FFF_FFFF - 4
  /// The largest entry of a B-tree index with 8 KB pages, after compression.
  private static let longestEntry = 2_704
  /// Up to one value in so many may be mended by hand for the sake of a better type.
  private static let fewOf: Int64 = 20
  /// How long an example is looked for.
  private static let exampleTime = Duration.seconds(2)

  let input: Planner.Input
  let plan: TablePlan
  /// The table with the key that it was read by, which examples are named by.
  let scanned: SourceTable
  let overrides: Overrides
  /// Whether the file's text is stored as UTF-8.
  let isUTF8: Bool
  /// Whether values may be shown.
  let showsValues: Bool

  func columns() -> [AssessedColumn] {
    zip(input.table.columns, input.facts).enumerated().map { position, pair in
      let column = plan.columns[position]
      return AssessedColumn(
        name: pair.0.name, targetName: column.targetName, declared: pair.0.declared, targetType: column.type,
        typeSQL: column.typeSQL, facts: pair.1, misfits: misfits(position))
    }
  }

  func findings(_ database: borrowing Database, stop: StopSignal) throws -> [Finding] {
    var findings: [Finding] = []
    for position in input.table.columns.indices {
      findings += misfitFindings(position)
      if let finding = mangled(position) { findings.append(finding) }
      if let finding = almostTyped(position) { findings.append(finding) }
      if let finding = mixedSpellings(position) { findings.append(finding) }
      if let finding = tooLarge(position) { findings.append(finding) }
    }
    findings += longEntries()
    return try findings.map { finding in
      do {
        let end = ContinuousClock.now + Self.exampleTime
        return try database.interrupting(when: { stop.isRequested || ContinuousClock.now > end }) { database in
          try withExample(finding, database)
        }
      } catch let error as SQLiteError where error.isInterrupted {
        try stop.check()
        return finding  // It stands without an example, too.
      }
    }
  }

  /// The finding with the key of a row, and where it is asked for with that row's value.
  private func withExample(_ finding: Finding, _ database: borrowing Database) throws -> Finding {
    guard let column = finding.column, let key = try exampleKey(finding.kind, column, database) else { return finding }
    let finder = RowFinder(table: scanned)
    var finding = finding
    finding.exampleKey = finder.words(key)
    if showsValues { finding.exampleValue = try finder.value(of: column, key: key, in: database) }
    return finding
  }

  private func exampleKey(
    _ kind: FindingKind, _ column: String, _ database: borrowing Database
  ) throws -> [Value]? {
    guard let position = input.table.position(ofColumn: column) else { return nil }
    let name = SQLiteText.identifier(column)
    let finder = RowFinder(table: scanned)
    // The scan remembers the first misfit's row, whatever its reason.
    let remembered = tally(position).flatMap { $0.byReason.count == 1 ? $0.exampleKey : nil }
    switch kind {
    case .almostTyped: return input.facts[position].candidates.first?.exampleKey
    case .mangledUUID: return try finder.firstKey(where: "typeof(\(name)) IN ('integer', 'real')", in: database)
    case .nulInText where remembered == nil && isUTF8:
      return try finder.firstKey(
        where: "typeof(\(name)) = 'text' AND instr(CAST(\(name) AS BLOB), x'00') > 0", in: database)
    case .nulInText, .invalidText, .misfit: return remembered
    default: return nil
    }
  }

  // MARK: Values that do not fit

  private func tally(_ position: Int) -> CandidateTally? {
    let column = plan.columns[position]
    let candidates = input.facts[position].candidates.filter { $0.type == column.type }
    return candidates.first { $0.reading == column.reading } ?? candidates.first
  }

  private func misfits(_ position: Int) -> Int64 {
    let facts = input.facts[position]
    return max(tally(position)?.misfits ?? 0, takesText(position) ? textMisfits(facts, position) : 0)
  }

  private func takesText(_ position: Int) -> Bool { plan.columns[position].type.isText }

  private func textMisfits(_ facts: ColumnFacts, _ position: Int) -> Int64 {
    (plan.columns[position].reading.nul == .fail ? facts.textsWithNUL : 0) &+ facts.invalidTexts
  }

  private func misfitFindings(_ position: Int) -> [Finding] {
    let facts = input.facts[position]
    let column = plan.columns[position]
    var findings: [Finding] = []
    var rest = tally(position)?.misfits ?? 0
    func add(_ kind: FindingKind, _ count: Int64, _ text: String) {
      guard count > 0 else { return }
      rest -= count
      findings.append(
        Finding(
          kind, table: input.table.name, column: column.sourceName, "\(Words.count(count, "value")) \(text)",
          count: count))
    }
    if takesText(position) {
      if column.reading.nul == .fail { add(.nulInText, facts.textsWithNUL, "with a NUL character") }
      add(.invalidText, facts.invalidTexts, "that \(facts.invalidTexts == 1 ? "is" : "are") not valid UTF-8")
    }
    if rest > 0 {
      let reasons = (tally(position)?.byReason ?? []).filter {
        ![Misfit.nul.reason, Misfit.invalidUTF8.reason].contains($0.reason)
      }
      let why = Self.words(reasons)
      add(.misfit, rest, "\(rest == 1 ? "does" : "do") not fit \(column.type)\(why)")
    }
    return findings
  }

  // MARK: Declarations that the data does not follow

  /// UUID is a declaration with NUMERIC affinity: of '00123456…' or '12345e67…' SQLite made numbers.
  private func mangled(_ position: Int) -> Finding? {
    let column = input.table.columns[position]
    let declared = column.declared.uppercased()
    let facts = input.facts[position]
    let count = facts.counts.integer &+ facts.counts.real
    guard column.affinity == .numeric, count > 0,
      ["UUID", "GUID", "UNIQUEIDENTIFIER"].contains(where: declared.contains)
    else { return nil }
    return Finding(
      .mangledUUID, table: input.table.name, column: column.name,
      "\(Words.count(count, "value")) of \(Words.number(facts.counts.present)) became \(count == 1 ? "a number" : "numbers")",
      count: count)
  }

  /// The first choice was passed over because of some values: worth a warning where they are few.
  private func almostTyped(_ position: Int) -> Finding? {
    let facts = input.facts[position]
    let column = plan.columns[position]
    guard let wanted = facts.candidates.first, wanted.type != column.type, wanted.misfits > 0 else { return nil }
    return Finding(
      .almostTyped, table: input.table.name, column: column.sourceName,
      "\(Words.number(wanted.misfits)) of \(Words.count(facts.counts.present, "value")) are no \(wanted.type)"
        + Self.words(wanted.byReason),
      severity: wanted.misfits <= facts.counts.present / Self.fewOf ? .warning : .note,
      count: wanted.misfits)
  }

  /// What values hold instead; counted where there are several reasons.
  private static func words(_ reasons: [CandidateTally.Reason]) -> String {
    let words = reasons.prefix(3).map { reason in
      let what = reason.reason.hasPrefix("holds ") ? String(reason.reason.dropFirst(6)) : reason.reason
      return reasons.count == 1 ? what : "\(Words.number(reason.count)) \(what)"
    }
    return words.isEmpty ? "" : ": " + words.joined(separator: "; ")
  }

  /// A type that the user chose, in a key whose values are written in several ways.
  private func mixedSpellings(_ position: Int) -> Finding? {
    let column = input.table.columns[position]
    guard let type = overrides.settings(of: column.name, in: input.table.name).type,
      let tally = input.facts[position].candidates.first(where: { $0.type == type }), tally.spellings.count > 1,
      !Planner.role(of: column, in: input.table).isDisjoint(with: [.key, .unique])
    else { return nil }
    return Finding(
      .misfit, table: input.table.name, column: column.name,
      "values in several spellings of \(type), in a key or UNIQUE index, where two of them could meet")
  }

  private func tooLarge(_ position: Int) -> Finding? {
    let facts = input.facts[position]
    let type = plan.columns[position].type
    // A BLOB in a column of text becomes two digits a byte.
    let blob = type == .anyText ? facts.longestBlob &* 2 &+ 2 : facts.longestBlob
    guard max(facts.longestText, blob) > Self.longestValue, misfits(position) == 0 else { return nil }
    return Finding(
      .valueTooLarge, table: input.table.name, column: plan.columns[position].sourceName,
      "the longest has \(Words.bytes(Int64(max(facts.longestText, facts.longestBlob))))")
  }

  // MARK: Index entries

  private func longEntries() -> [Finding] {
    func length(_ position: Int) -> Int {
      guard input.facts.indices.contains(position) else { return 0 }
      return max(input.facts[position].longestText, input.facts[position].longestBlob)
    }
    let table = input.table
    var findings: [Finding] = []
    let key = plan.keyPositions.reduce(0) { $0 + length($1) }
    if key > Self.longestEntry {
      findings.append(
        Finding(.longKey, table: table.name, "the longest key has about \(Words.bytes(Int64(key)))"))
    }
    for index in table.indexes where index.predicate == nil && key <= Self.longestEntry {
      let longest = index.terms.reduce(0) { sum, term in
        guard case .column(let name) = term.subject, let position = table.position(ofColumn: name) else { return sum }
        return sum + length(position)
      }
      guard longest > Self.longestEntry else { continue }
      findings.append(
        Finding(
          .longIndexEntry, table: table.name,
          "index '\(index.name)' has entries of up to about \(Words.bytes(Int64(longest)))"))
    }
    return findings
  }
}
