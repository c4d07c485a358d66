import Model

/// Writes SQLite's expressions and selects in PostgreSQL's words.
///
/// A translation means the same for every value that the columns can hold, or it is refused: `Untranslatable` says why.
/// Kinds are inferred from the leaves up, because SQLite compares and computes by them.
package struct Translator {
  let purpose: Purpose
  /// Tables, views and common table expressions, by lower-case name.
  var relations: [String: Relation]
  /// The FROM clauses around an expression; the last is its own.
  var frames: [Frame]
  /// Translations may repeat operands, so that nested ones could grow without bound.
  static let maximumLength = 100_000

  package init(purpose: Purpose, relations: [Relation]) {
    self.purpose = purpose
    self.relations = Dictionary(relations.map { ($0.name.folded, $0) }) { first, _ in first }
    frames = []
  }

  /// For the columns of one table, which stand without its name.
  package init(purpose: Purpose, table: Relation) {
    self.init(purpose: purpose, relations: [])
    frames = [Frame(sources: [Frame.Source(alias: table.name, columns: table.columns, key: table.key)])]
  }

  /// A condition that keeps or refuses rows: CHECK, or the WHERE of an index.
  package func condition(_ expression: Expression) throws(Untranslatable) -> String {
    try truth(translate(expression)).sql
  }

  /// A column or expression of an index, in parentheses where it is no column.
  package func indexTerm(_ expression: Expression, collation: String?) throws(Untranslatable) -> String {
    var term = try translate(expression)
    // A name in double quotes that is no column's is a string: a column that was renamed leaves such indexes behind.
    if term.literal != nil { throw Untranslatable("an index over a constant") }
    if case .literal = expression { throw Untranslatable("an index over a constant") }
    if let collation { term.collation = collation.uppercased() }
    guard term.kind != .jsonValue, term.kind != .json else { throw Untranslatable("an index over a JSON value") }
    if case .column = expression, !term.kind.isText { return term.sql }
    guard term.kind.isText else { return "(\(term.sql))" }
    let key = try collated(term, term.collation ?? "BINARY")
    let hasPlainColumn = if case .column = expression { key.sql == term.sql } else { false }
    return hasPlainColumn ? key.sql : "(\(key.sql))"
  }

  /// The expression of a stored generated column of the given kind.
  package func generated(
    _ expression: Expression, kind: ValueKind, affinity: Affinity
  ) throws(Untranslatable) -> String {
    let value = try translate(expression)
    // SQLite converts what is stored: '1.0' and 1.0 become 1 in a column of integers.
    let converts =
      switch value.kind {
      case .unknown: affinity != .blob && affinity != value.affinity
      case .text: affinity != .blob && affinity != .text && affinity != value.affinity
      default: false
      }
    if value.literal == nil, converts { throw Untranslatable("the column's type converts values of the expression") }
    return try assigned(value, kind, affinity).sql
  }

  // MARK: Expressions

  func translate(_ expression: Expression) throws(Untranslatable) -> Translation {
    if let grouped = try groupedExpression(expression) { return grouped }
    let result = try unchecked(expression)
    guard result.sql.utf8.count <= Self.maximumLength else { throw Untranslatable("its translation is too long") }
    return result
  }

  private func unchecked(_ expression: Expression) throws(Untranslatable) -> Translation {
    switch expression {
    case .literal(let literal): return try translate(literal)
    case .column(let reference): return try translate(reference)
    case .unary(let sign, let operand): return try translate(sign, operand)
    case .binary(let symbol, let left, let right): return try translate(symbol, left, right)
    case .collate(let operand, let collation): return try translate(operand, collation: collation)
    case .between(let value, let low, let high):
      return try between(translate(value), translate(low), translate(high))
    case .inList(let value, let list): return try membership(translate(value), list)
    case .inSelect(let value, let select): return try membership(translate(value), select)
    case .match(let matching, let value, let pattern, let escape):
      return try match(matching, translate(value), translate(pattern), escape)
    case .isNull(let operand):
      return Translation("\(try translate(operand).operand) IS NULL", .boolean, isAtom: false)
    case .conditional(let base, let branches, let otherwise):
      return try conditional(base, branches, otherwise)
    case .cast(let operand, let type): return try translate(operand, as: type)
    case .call(let call): return try translate(call)
    case .exists(let select):
      return Translation("EXISTS (\(try nested(select).sql))", .boolean)
    case .subselect(let select): return try scalar(select)
    case .row: throw Untranslatable("a row value")
    }
  }

  private func translate(_ literal: Literal) throws(Untranslatable) -> Translation {
    switch literal {
    case .null: return .null()
    case .integer(let value): return .integer(value)
    case .real(let value): return .real(value)
    case .string(let value): return try .string(value)
    case .blob(let value): return .blob(value)
    case .boolean(let value): return .integer(value ? 1 : 0)
    case .currentTimestamp: return try timeFunction("datetime", [.literal(.string("now"))])
    case .currentDate: return try timeFunction("date", [.literal(.string("now"))])
    case .currentTime: return try timeFunction("time", [.literal(.string("now"))])
    }
  }

  private func translate(_ operand: Expression, collation: String) throws(Untranslatable) -> Translation {
    var result = try translate(operand)
    guard ["BINARY", "NOCASE", "RTRIM"].contains(collation.uppercased()) else {
      throw Untranslatable("the collation \(collation)")
    }
    result.collation = collation.uppercased()
    result.isCollationExplicit = true
    return result
  }

  // MARK: Columns

  private func translate(_ reference: ColumnReference) throws(Untranslatable) -> Translation {
    for index in frames.indices.reversed() {
      if let found = try column(reference, in: frames[index]) { return found }
    }
    if reference.mayBeString { return try .string(reference.name) }
    throw Untranslatable("the column \(reference.table.map { "\($0)." } ?? "")\(reference.name) is not known")
  }

  private func column(_ reference: ColumnReference, in frame: Frame) throws(Untranslatable) -> Translation? {
    let name = reference.name.folded
    var found: (source: Frame.Source, column: ScopeColumn)?
    for source in frame.sources {
      if let table = reference.table, table.folded != source.alias.folded { continue }
      if reference.table == nil, source.merged.contains(name) { continue }
      guard let column = source.columns.first(where: { $0.name.folded == name }) else { continue }
      guard found == nil else { throw Untranslatable("the column \(reference.name) is ambiguous") }
      found = (source, column)
    }
    if let found {
      try check(found.column, of: found.source, in: frame)
      return Self.translation(of: found.column)
    }
    return reference.table == nil ? frame.aliases[name] : nil
  }

  static func translation(of column: ScopeColumn) -> Translation {
    var result = Translation(column.sql, column.kind)
    result.affinity = column.affinity
    result.collation = column.collation
    return result
  }

  /// An aggregate query may name what it groups by, and what that determines.
  private func check(_ column: ScopeColumn, of source: Frame.Source, in frame: Frame) throws(Untranslatable) {
    guard let grouping = frame.grouping, !frame.isInsideAggregate else { return }
    guard grouping.expressions.contains(column.sql) || grouping.tables.contains(source.alias.folded) else {
      throw Untranslatable("the column \(column.name) is neither grouped by nor aggregated")
    }
  }

  /// An expression that the query groups by, as a whole.
  private func groupedExpression(_ expression: Expression) throws(Untranslatable) -> Translation? {
    guard let grouping = frames.last?.grouping, frames.last?.isInsideAggregate == false else { return nil }
    switch expression {
    case .literal, .column, .subselect, .exists: return nil
    default: break
    }
    var free = self
    free.frames[frames.count - 1].grouping = nil
    free.frames[frames.count - 1].allowsAggregates = false
    free.frames[frames.count - 1].allowsWindows = false
    guard let result = try? free.unchecked(expression), grouping.expressions.contains(result.sql) else { return nil }
    return result
  }

  /// An identifier of the target; names that PostgreSQL would cut are refused.
  func identifier(_ name: String) throws(Untranslatable) -> String {
    guard name.utf8.count <= 63, !name.isEmpty, !name.utf8.contains(0) else {
      throw Untranslatable("the name '\(name.prefix(70))' is no identifier of PostgreSQL")
    }
    return PostgresText.identifier(name)
  }
}
