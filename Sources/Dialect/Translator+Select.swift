import Model

/// Whole selects, as views have them and expressions hold them.
extension Translator {
  /// A select with the columns that it gives.
  struct Selected {
    var sql: String
    var columns: [ScopeColumn]
  }

  /// One SELECT of a compound, before its columns have their last kinds.
  struct Core {
    var isDistinct = false
    var columns: [(name: String, value: Translation)]
    /// From FROM to HAVING.
    var tail = ""
    var order = ""
    /// The rows of VALUES, where it is one.
    var rows: [[Translation]] = []
  }

  /// A select inside of an expression: it sees the columns around it.
  func nested(_ select: Select) throws(Untranslatable) -> Selected {
    try translate(select)
  }

  func translate(_ select: Select) throws(Untranslatable) -> Selected {
    var inner = self
    let with = try select.with.map { (with) throws(Untranslatable) in try inner.commonTables(with) } ?? ""
    let limit = try inner.limit(select)
    if select.rest.isEmpty {
      let core = try inner.core(select.first, order: select.order, isOrdered: !select.order.isEmpty)
      let columns = core.columns.map(\.value)
      return Selected(
        sql: with + (try inner.render(core, columns)) + core.order + limit,
        columns: try inner.output(core.columns.map(\.name), columns))
    }
    var cores = [try inner.core(select.first, order: [], isOrdered: false)]
    for part in select.rest { cores.append(try inner.core(part.core, order: [], isOrdered: false)) }
    let columns = try inner.unified(cores)
    var sql = try inner.render(cores[0], columns[0])
    for (index, part) in select.rest.enumerated() {
      // SQLite combines from left to right; INTERSECT binds tighter in PostgreSQL.
      if index > 0, part.compound == .intersect { sql = "(\(sql))" }
      if part.compound != .unionAll { for value in columns[0] { try inner.checkDistinct(value) } }
      sql += " \(part.compound.rawValue) \(try inner.render(cores[index + 1], columns[index + 1]))"
    }
    let results = cores[0].columns.map(\.name)
    let order = try inner.compoundOrder(select.order, names: results, values: columns[0])
    return Selected(sql: with + sql + order + limit, columns: try inner.output(results, columns[0]))
  }

  /// A select of one column and at most one row as a value.
  func scalar(_ select: Select) throws(Untranslatable) -> Translation {
    let inner = try nested(select)
    guard inner.columns.count == 1, let column = inner.columns.first else {
      throw Untranslatable("a select of several columns as a value")
    }
    guard givesOneRow(select) else {
      throw Untranslatable("a select as a value that may give several rows, of which SQLite takes any")
    }
    var result = Self.translation(of: column)
    result.sql = "(\(inner.sql))"
    return result
  }

  /// Whether an aggregate, LIMIT 1 or the whole key in WHERE leaves one row at most.
  private func givesOneRow(_ select: Select) -> Bool {
    if select.limit == .literal(.integer(1)) { return true }
    guard select.rest.isEmpty, case .query(let query) = select.first else { return false }
    if query.groups.isEmpty, Self.isAggregate(query, order: select.order) { return true }
    guard case .table(let name, let alias) = query.from, let relation = relations[name.folded],
      !relation.key.isEmpty, let filter = query.filter
    else { return false }
    let own = (alias ?? name).folded
    let fixed = Self.fixedColumns(filter, of: own, names: Set(relation.columns.map { $0.name.folded }))
    return relation.key.allSatisfy { fixed.contains($0.folded) }
  }

  /// The columns of a table that a condition sets equal to something outside of it.
  private static func fixedColumns(_ condition: Expression, of table: String, names: Set<String>) -> Set<String> {
    func own(_ expression: Expression) -> String? {
      guard case .column(let reference) = expression else { return nil }
      let name = reference.name.folded
      guard reference.table.map({ $0.folded == table }) ?? names.contains(name) else { return nil }
      return name
    }
    switch condition {
    case .binary(.and, let left, let right):
      return fixedColumns(left, of: table, names: names).union(fixedColumns(right, of: table, names: names))
    case .binary(.equal, let left, let right):
      func isOutside(_ expression: Expression) -> Bool {
        switch expression {
        case .literal: true
        case .column: own(expression) == nil
        default: false
        }
      }
      if let name = own(left), isOutside(right) { return [name] }
      if let name = own(right), isOutside(left) { return [name] }
      return []
    default: return []
    }
  }

  // MARK: WITH

  private mutating func commonTables(_ with: With) throws(Untranslatable) -> String {
    var parts: [String] = []
    var isRecursive = false
    for table in with.tables {
      let name = try identifier(table.name)
      var inner = self
      inner.frames = []
      let usesItself = Self.mentions(table.select, table.name)
      let selected = usesItself ? try inner.recursive(table, name) : try inner.translate(table.select)
      isRecursive = isRecursive || usesItself
      let columns = try Self.renamed(selected.columns, table.columns)
      var list: [String] = []
      for column in columns { list.append(try identifier(column.name)) }
      parts.append("\(name) (\(list.joined(separator: ", "))) AS (\(selected.sql))")
      relations[table.name.folded] = Relation(name: table.name, sql: name, columns: columns)
    }
    return "WITH \(isRecursive ? "RECURSIVE " : "")\(parts.joined(separator: ", ")) "
  }

  static func renamed(_ columns: [ScopeColumn], _ names: [String]) throws(Untranslatable) -> [ScopeColumn] {
    guard names.isEmpty || names.count == columns.count else { throw Untranslatable("as many names as columns") }
    var result = columns
    for (index, name) in names.enumerated() {
      result[index].name = name
      result[index].sql = PostgresText.identifier(name)
    }
    guard Set(result.map { $0.name.folded }).count == result.count else {
      throw Untranslatable("two columns of one name")
    }
    return result
  }

  /// `first UNION [ALL] again`, where `again` reads the table itself.
  private func recursive(_ table: With.CommonTable, _ name: String) throws(Untranslatable) -> Selected {
    let select = table.select
    guard select.rest.count == 1, let part = select.rest.first, part.compound == .union || part.compound == .unionAll,
      select.order.isEmpty, select.limit == nil, select.with == nil,
      !Self.mentions(Select(first: select.first), table.name)
    else { throw Untranslatable("this recursive table") }
    var inner = self
    let first = try inner.core(select.first, order: [], isOrdered: false)
    // PostgreSQL takes the kinds from the first select: wide integers, and text by "C".
    let values = first.columns.map { (column) -> Translation in
      var value = column.value
      if value.kind.isInteger {
        value = value.cast(to: "bigint", .bigint)
        value.magnitude = 0x1p63
      }
      return value.kind == .boolean ? value : withC(value)
    }
    let columns = try Self.renamed(output(first.columns.map(\.name), values), table.columns)
    inner.relations[table.name.folded] = Relation(name: table.name, sql: name, columns: columns)
    let again = try inner.core(part.core, order: [], isOrdered: false)
    guard again.columns.count == columns.count else { throw Untranslatable("this recursive table") }
    var converted: [Translation] = []
    for (value, kind) in zip(again.columns.map(\.value), values.map(\.kind)) {
      var value = value
      if kind == .bigint, value.kind.isInteger { value = value.cast(to: "bigint", .bigint) }
      guard value.kind == kind, kind.isComparable else { throw Untranslatable("this recursive table") }
      converted.append(withC(value))
    }
    let sql = "\(try render(first, values)) \(part.compound.rawValue) \(try inner.render(again, converted))"
    return Selected(sql: sql, columns: columns)
  }

  /// Whether a FROM anywhere in the select reads the table.
  private static func mentions(_ select: Select, _ name: String) -> Bool {
    ([select.first] + select.rest.map(\.core)).contains { core in
      guard case .query(let query) = core, let from = query.from else { return false }
      return mentions(from, name)
    }
  }

  private static func mentions(_ join: Join, _ name: String) -> Bool {
    switch join {
    case .table(let table, _): table.folded == name.folded
    case .select(let select, _): mentions(select, name)
    case .join(let left, _, let right, _): mentions(left, name) || mentions(right, name)
    }
  }

  // MARK: LIMIT

  private func limit(_ select: Select) throws(Untranslatable) -> String {
    guard let limit = select.limit else { return "" }
    func number(_ expression: Expression) throws(Untranslatable) -> Int64 {
      guard case .literal(.integer(let number)) = expression else {
        throw Untranslatable("a LIMIT that is not known")
      }
      return number
    }
    let count = try number(limit)
    let offset = try select.offset.map { (offset) throws(Untranslatable) in try number(offset) } ?? 0
    guard !select.order.isEmpty || (count < 0 && offset <= 0) || count == 0 || givesOneRow(withoutLimit(select)) else {
      throw Untranslatable("LIMIT without ORDER BY")
    }
    return (count < 0 ? "" : " LIMIT \(count)") + (offset > 0 ? " OFFSET \(offset)" : "")
  }

  private func withoutLimit(_ select: Select) -> Select {
    var select = select
    select.limit = nil
    return select
  }

  // MARK: Columns

  /// The columns of a result as those see them who select from it.
  private func output(_ names: [String], _ values: [Translation]) throws(Untranslatable) -> [ScopeColumn] {
    zip(names, values).map { name, value in
      var column = ScopeColumn(name, value.kind, affinity: value.affinity, collation: value.collation ?? "BINARY")
      if value.kind == .null { column.kind = .unknown }
      if value.kind.isText { column.kind = value.literal == nil ? value.kind : .text }
      return column
    }
  }

  private func unified(_ cores: [Core]) throws(Untranslatable) -> [[Translation]] {
    guard Set(cores.map(\.columns.count)).count == 1 else { throw Untranslatable("selects of different widths") }
    var result = cores.map { $0.columns.map(\.value) }
    for index in cores[0].columns.indices {
      guard cores.allSatisfy({ $0.rows.isEmpty }) else {
        let kinds = Set(cores.map { $0.columns[index].value.kind })
        guard kinds.count == 1 else { throw Untranslatable("VALUES beside other kinds") }
        continue
      }
      let column = try unified(cores.map { $0.columns[index].value })
      for (core, value) in column.enumerated() { result[core][index] = value }
    }
    return result
  }

  private func render(_ core: Core, _ values: [Translation]) throws(Untranslatable) -> String {
    if !core.rows.isEmpty {
      let rows = core.rows.map { "(\($0.map { withC($0).sql }.joined(separator: ", ")))" }
      return "VALUES \(rows.joined(separator: ", "))"
    }
    var list: [String] = []
    for (column, value) in zip(core.columns, values) {
      guard value.kind != .jsonValue else { throw Untranslatable("a JSON value as a column, whose type may be any") }
      let shown = value.kind == .text(isCaseInsensitive: true) ? value : withC(value)
      list.append("\(shown.sql) AS \(try identifier(column.name))")
    }
    return "SELECT \(core.isDistinct ? "DISTINCT " : "")\(list.joined(separator: ", "))\(core.tail)"
  }

  private func compoundOrder(
    _ terms: [OrderTerm], names: [String], values: [Translation]
  ) throws(Untranslatable) -> String {
    var list: [String] = []
    for term in terms {
      guard let position = Self.position(of: term.expression, names: names),
        try isPlainlyOrdered(values[position], term.expression)
      else { throw Untranslatable("this ORDER BY of combined selects") }
      list.append("\(position + 1)\(Self.direction(term))")
    }
    return list.isEmpty ? "" : " ORDER BY \(list.joined(separator: ", "))"
  }

  /// Which result column a term of ORDER BY names, by number or by name.
  static func position(of expression: Expression, names: [String]) -> Int? {
    switch expression {
    case .literal(.integer(let number)): number >= 1 && number <= Int64(names.count) ? Int(number) - 1 : nil
    case .column(let reference) where reference.table == nil:
      names.firstIndex { $0.folded == reference.name.folded }
    default: nil
    }
  }

  /// Whether PostgreSQL orders the result column itself as SQLite does.
  func isPlainlyOrdered(_ value: Translation, _ expression: Expression) throws(Untranslatable) -> Bool {
    guard value.kind.isComparable else { throw Untranslatable("the order of a column without one form") }
    return !value.kind.isText || (value.collation ?? "BINARY") == "BINARY" && value.kind == .text
  }
}
