import Dialect
import Model
import SQLite

/// The condition that finds rows which a new row's values could displace through one UNIQUE index, or by the rowid.
///
/// With `recursive_triggers` off (SQLite's default) a REPLACE deletes those rows without firing a delete trigger, so
/// their keys are logged before. Generous on purpose: a key logged for nothing costs a lookup and changes nothing.
package struct Probe: Sendable {
  private let conditions: [String]
  /// True when an update touches what the index is made of.
  let changed: String
  /// ` OF` and the columns without which no update touches it; empty where every update is to be looked at.
  let setting: String

  var displaced: String { conditions.joined(separator: " AND ") }

  /// The probes that a table needs: for every UNIQUE index besides a byte-exact key, and for an explicit rowid.
  static func probes(of table: SourceTable) -> [Probe] {
    let table = table.whole
    var probes = table.indexes.filter { $0.isUnique && !isByteExactKey($0, of: table) }
      .compactMap { Probe(index: $0, table: table) }
    if case .columns = table.key, case .rowid(let alias)? = KeyChoice.rowidKey(of: table) {
      probes.append(
        Probe(
          conditions: ["\(alias) = NEW.\(alias)"], changed: "OLD.\(alias) IS NOT NEW.\(alias)",
          setting: " OF \(KeyTerms.setting([], of: table))"))
    }
    return probes
  }

  /// The probe for what a new row could displace by its key. Where a row's own change says it all there is none among
  /// `probes`; nil where there is one.
  static func ofKey(_ table: SourceTable) -> Probe? {
    switch table.key {
    case .rowid(let name): return ofRowid(name)
    case .rowidColumn(let name): return ofRowid(SQLiteText.identifier(name))
    case .columns:
      let table = table.whole
      return table.indexes.first { $0.isUnique && isByteExactKey($0, of: table) }
        .flatMap { Probe(index: $0, table: table) }
    }
  }

  private static func ofRowid(_ name: String) -> Probe {
    Probe(conditions: ["\(name) = NEW.\(name)"], changed: "OLD.\(name) IS NOT NEW.\(name)", setting: "")
  }

  /// Names of UNIQUE indexes through which a REPLACE could displace rows unseen: those that get no probe because
  /// evaluating it could break a legal insert, and those over an expression of a number that SQLite gives out only
  /// after the probe.
  static func unprobed(of table: SourceTable) -> [String] {
    let table = table.whole
    return table.indexes.filter {
      $0.isUnique && !isByteExactKey($0, of: table) && (!isHarmless($0) || evaluatesRowid($0, of: table))
    }.map(\.name)
  }

  private static func evaluatesRowid(_ index: SourceIndex, of table: SourceTable) -> Bool {
    guard case .rowidColumn(let name) = table.key else { return false }
    return index.terms.contains { term in
      guard case .expression(let text) = term.subject else { return false }
      return columns(in: text, of: table).contains { $0.name == name }
    }
  }

  private init(conditions: [String], changed: String, setting: String) {
    self.conditions = conditions
    self.changed = changed
    self.setting = setting
  }

  private init?(index: SourceIndex, table: SourceTable) {
    guard Self.isHarmless(index) else { return nil }
    var conditions: [String] = []
    var touched: [SourceColumn] = []
    for term in index.terms {
      switch term.subject {
      case .rowid: return nil  // An index that holds the key displaces nothing but the key itself.
      case .column(let name):
        guard let column = table.position(ofColumn: name).map({ table.columns[$0] }) else { return nil }
        touched.append(column)
        let own = SQLiteText.identifier(name)
        conditions.append("\(own) COLLATE \(SQLiteText.identifier(term.collation)) = \(Self.newValue(of: column))")
      case .expression(let text):
        let columns = Self.columns(in: text, of: table)
        touched += columns
        let collation = SQLiteText.identifier(term.collation)
        conditions.append("(\(text)) COLLATE \(collation) IN (\(Self.newValues(of: text, from: columns)))")
      }
    }
    if let predicate = index.predicate {
      conditions.append("(\(predicate))")
      touched += Self.columns(in: predicate, of: table)
    }
    self.conditions = conditions
    if touched.contains(where: \.isGenerated) {
      // In BEFORE UPDATE a generated column is computed from NULLs wherever the trigger does not name the columns that it
      // is made of, seen in SQLite 3.40: name them all.
      touched = table.columns.filter { !$0.isGenerated }
    }
    let named = table.columns.filter(touched.contains)
    // An index over a constant is made of nothing.
    let changes = named.map { KeyTerms.changed(SQLiteText.identifier($0.name), $0) }
    changed = changes.isEmpty ? "1" : changes.joined(separator: " OR ")
    setting = named.isEmpty ? "" : " OF \(KeyTerms.setting(named, of: table))"
  }

  /// `NEW.c`, or the default that a REPLACE puts in the place of a NULL that is not allowed.
  static func newValue(of column: SourceColumn) -> String {
    let new = "NEW.\(SQLiteText.identifier(column.name))"
    guard column.notNull, let fallback = column.defaultExpression, isHarmless(fallback) else { return new }
    return "CASE WHEN \(new) IS NULL THEN (\(fallback)) ELSE \(new) END"
  }

  /// The expression over the new row: once as the values are given, once cast to the columns' affinities, because a
  /// comparison in the expression uses them and NEW carries none. What is left unseen is a comparison with a value that
  /// its column's type could not convert.
  private static func newValues(of expression: String, from columns: [SourceColumn]) -> String {
    func select(_ value: (SourceColumn) -> String) -> String {
      let list = columns.map { "\(value($0)) AS \(SQLiteText.identifier($0.name))" }.joined(separator: ", ")
      return "SELECT \(expression) FROM (SELECT \(list.isEmpty ? "1" : list))"
    }
    let plain = select { newValue(of: $0) }
    guard columns.contains(where: { $0.affinity != .blob }) else { return plain }
    let cast = select {
      $0.affinity == .blob ? newValue(of: $0) : "CAST(\(newValue(of: $0)) AS \($0.affinity.rawValue.uppercased()))"
    }
    return "\(plain) UNION ALL \(cast)"
  }

  private static func columns(in expression: String, of table: SourceTable) -> [SourceColumn] {
    let words = Set(
      SQLTokenizer.tokens(of: expression).filter { $0.kind == .word || $0.kind == .quotedName }
        .map { $0.name.lowercased() })
    return table.columns.filter { words.contains($0.name.lowercased()) }
  }

  /// Whether equal by this index means the same bytes and storage class, and it is the key: then the new row's own
  /// change says it all.
  private static func isByteExactKey(_ index: SourceIndex, of table: SourceTable) -> Bool {
    guard index.predicate == nil, case .columns(let key) = table.key, key == index.terms else { return false }
    return index.terms.allSatisfy { term in
      guard case .column(let name) = term.subject, let position = table.position(ofColumn: name) else { return false }
      return term.collation.uppercased() == "BINARY" && table.columns[position].affinity != .blob
    }
  }

  private static func isHarmless(_ index: SourceIndex) -> Bool {
    let expressions = index.terms.compactMap { term -> String? in
      if case .expression(let text) = term.subject { return text }
      return nil
    }
    return (expressions + [index.predicate].compactMap { $0 }).allSatisfy { isHarmless($0) }
  }

  /// Functions that raise on no value; anything else could turn a legal insert into an error.
  private static let harmlessFunctions: Set<String> = [
    "lower", "upper", "trim", "ltrim", "rtrim", "length", "substr", "coalesce", "ifnull", "nullif", "typeof", "hex",
    "instr", "min", "max", "round", "unicode", "quote", "date", "time", "datetime", "julianday", "cast",
  ]
  /// Words that stand before a parenthesis without being functions.
  private static let keywords: Set<String> = [
    "and", "or", "not", "in", "is", "when", "then", "else", "between", "case", "as", "collate", "escape",
  ]

  private static func isHarmless(_ expression: String) -> Bool {
    let tokens = SQLTokenizer.tokens(of: expression)
    for (index, token) in tokens.enumerated() {
      if token.isSymbol("->") || token.isSymbol("->>") { return false }
      if ["MATCH", "REGEXP", "RAISE", "SELECT", "ESCAPE"].contains(where: { token.isWord($0) }) { return false }
      // A pattern too complex for SQLite raises; one that stands in the schema was seen to be none.
      let takesPattern = token.isWord("LIKE") || token.isWord("GLOB")
      if takesPattern, index + 1 == tokens.count || tokens[index + 1].kind != .string { return false }
      let isCall = index + 1 < tokens.count && tokens[index + 1].isSymbol("(")
      guard isCall, token.kind == .word || token.kind == .quotedName else { continue }
      let name = token.name.lowercased()
      if !harmlessFunctions.contains(name) && !keywords.contains(name) { return false }
    }
    return true
  }
}

extension SourceTable {
  /// UNIQUE indexes through which a REPLACE can displace a row that capture does not see.
  package var unprobedIndexes: [String] { Probe.unprobed(of: self) }
}
