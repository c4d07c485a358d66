import Model

/// One SELECT: its FROM, its columns, its groups.
extension Translator {
  func core(_ core: SelectCore, order: [OrderTerm], isOrdered: Bool) throws(Untranslatable) -> Core {
    switch core {
    case .values(let rows): return try values(rows, order)
    case .query(let query): return try self.query(query, order)
    }
  }

  private func values(_ rows: [[Expression]], _ order: [OrderTerm]) throws(Untranslatable) -> Core {
    guard let width = rows.first?.count, rows.allSatisfy({ $0.count == width }), order.isEmpty else {
      throw Untranslatable("rows of different lengths")
    }
    var result = rows.map { _ in [Translation]() }
    for column in 0..<width {
      var cells: [Translation] = []
      for row in rows { cells.append(try translate(row[column])) }
      for (index, cell) in try unified(cells).enumerated() { result[index].append(cell) }
    }
    let columns = (0..<width).map { column in
      let first = result.first { !$0[column].isNull } ?? result[0]
      var value = first[column]
      value.literal = nil
      value.magnitude = result.reduce(0) { max($0, $1[column].magnitude) }
      return (name: "column\(column + 1)", value: value)
    }
    return Core(columns: columns, rows: result)
  }

  private func query(_ query: SelectCore.Query, _ order: [OrderTerm]) throws(Untranslatable) -> Core {
    var inner = self
    inner.frames.append(Frame())
    let last = inner.frames.count - 1
    var result = Core(isDistinct: query.isDistinct, columns: [])
    if let from = query.from { result.tail += " FROM \(try inner.from(from))" }
    let isAggregate = Self.isAggregate(query, order: order)
    inner.noteAliases(query)
    if let filter = query.filter { result.tail += " WHERE \(try inner.truth(inner.translate(filter)).sql)" }
    var grouping: [String] = []
    for group in query.groups { grouping.append(try inner.group(group, query)) }
    if !grouping.isEmpty { result.tail += " GROUP BY \(grouping.joined(separator: ", "))" }
    inner.frames[last].aliases = [:]
    inner.frames[last].allowsAggregates = isAggregate
    if isAggregate {
      let expressions = Set(grouping)
      let tables = inner.frames[last].sources.filter { source in
        !source.key.isEmpty
          && source.key.allSatisfy { key in
            source.columns.contains { $0.name.folded == key.folded && expressions.contains($0.sql) }
          }
      }
      inner.frames[last].grouping = Frame.Grouping(
        expressions: expressions, tables: Set(tables.map { $0.alias.folded }))
    }
    if query.having != nil { inner.noteAliases(query) }
    let having = try query.having.map { (having) throws(Untranslatable) in try inner.truth(inner.translate(having)).sql
    }
    if let having { result.tail += " HAVING \(having)" }
    inner.frames[last].aliases = [:]
    inner.frames[last].allowsWindows = true
    inner.frames[last].windows = Set(query.windows.map { $0.name.folded })
    var windows: [String] = []
    for named in query.windows {
      windows.append("\(try identifier(Self.asciiLower(named.name))) AS (\(try inner.window(named.window)))")
    }
    if !windows.isEmpty { result.tail += " WINDOW \(windows.joined(separator: ", "))" }
    for column in query.columns { result.columns += try inner.resultColumns(column) }
    if query.isDistinct { for column in result.columns { try checkDistinct(column.value) } }
    let aliases = result.columns.map { ($0.name.folded, $0.value) }
    inner.frames[last].aliases = Dictionary(aliases) { first, _ in first }
    result.order = try inner.order(order, result)
    return result
  }

  // MARK: Aggregates

  static func isAggregate(_ query: SelectCore.Query, order: [OrderTerm]) -> Bool {
    if !query.groups.isEmpty { return true }
    let columns = query.columns.contains { column in
      if case .expression(let expression, _, _) = column { hasAggregate(expression) } else { false }
    }
    return columns || query.having.map(hasAggregate) ?? false || order.contains { hasAggregate($0.expression) }
  }

  /// Whether an aggregate stands in it, outside of selects of its own.
  private static func hasAggregate(_ expression: Expression) -> Bool {
    switch expression {
    case .literal, .column, .exists, .subselect: false
    case .unary(_, let operand), .collate(let operand, _), .isNull(let operand), .cast(let operand, _),
      .inSelect(let operand, _):
      hasAggregate(operand)
    case .binary(_, let left, let right): hasAggregate(left) || hasAggregate(right)
    case .between(let value, let low, let high): [value, low, high].contains(where: hasAggregate)
    case .inList(let value, let list): hasAggregate(value) || list.contains(where: hasAggregate)
    case .match(_, let value, let pattern, let escape):
      hasAggregate(value) || hasAggregate(pattern) || escape.map(hasAggregate) ?? false
    case .conditional(let base, let branches, let otherwise):
      [base, otherwise].contains { $0.map(hasAggregate) ?? false }
        || branches.contains { hasAggregate($0.condition) || hasAggregate($0.value) }
    case .row(let list): list.contains(where: hasAggregate)
    case .call(let call):
      SQLiteFunctions.isAggregate(call) || call.arguments.contains(where: hasAggregate)
        || call.window.map(hasAggregate) ?? false
    }
  }

  private static func hasAggregate(_ reference: WindowReference) -> Bool {
    guard case .inline(let window) = reference else { return false }
    return window.partition.contains(where: hasAggregate) || window.order.contains { hasAggregate($0.expression) }
  }

  /// WHERE and GROUP BY may name results: SQLite's own extension.
  private mutating func noteAliases(_ query: SelectCore.Query) {
    let last = frames.count - 1
    var aliases: [String: Translation] = [:]
    for column in query.columns {
      guard case .expression(let expression, let alias?, _) = column, let value = try? translate(expression) else {
        continue
      }
      if aliases[alias.folded] == nil { aliases[alias.folded] = value }
    }
    frames[last].aliases = aliases
  }

  private func group(_ expression: Expression, _ query: SelectCore.Query) throws(Untranslatable) -> String {
    var value: Translation
    if case .literal(.integer(let number)) = expression {
      let index = Int(clamping: max(number, 0)) - 1
      guard query.columns.indices.contains(index), case .expression(let column, _, _) = query.columns[index],
        !query.columns.prefix(index).contains(where: { if case .expression = $0 { false } else { true } })
      else { throw Untranslatable("GROUP BY of such a position") }
      value = try translate(column)
    } else {
      value = try translate(expression)
    }
    guard value.literal == nil else { throw Untranslatable("GROUP BY of a constant") }
    try checkDistinct(value)
    value = plain(value)
    return value.sql
  }

  // MARK: Results

  private func resultColumns(_ wanted: ResultColumn) throws(Untranslatable) -> [(name: String, value: Translation)] {
    guard let frame = frames.last else { return [] }
    switch wanted {
    case .expression(let expression, let alias, let text):
      let value = try translate(expression)
      return [(alias ?? name(of: expression) ?? text, value)]
    case .all, .allOf:
      var result: [(name: String, value: Translation)] = []
      var isKnown = false
      for source in frame.sources {
        if case .allOf(let table) = wanted, table.folded != source.alias.folded { continue }
        isKnown = true
        for column in source.columns {
          if case .all = wanted, source.merged.contains(column.name.folded) { continue }
          try checkGrouped(column, source)
          result.append((column.name, Self.translation(of: column)))
        }
      }
      guard isKnown else { throw Untranslatable("a table of the result is not known") }
      return result
    }
  }

  private func checkGrouped(_ column: ScopeColumn, _ source: Frame.Source) throws(Untranslatable) {
    _ = try translate(.column(ColumnReference(table: source.alias, name: column.name)))
  }

  /// A column of a table keeps the name that its table declares.
  private func name(of expression: Expression) -> String? {
    guard case .column(let reference) = expression else { return nil }
    let name = reference.name.folded
    for source in frames.last?.sources ?? [] {
      if let table = reference.table, table.folded != source.alias.folded { continue }
      if let column = source.columns.first(where: { $0.name.folded == name }) { return column.name }
    }
    return nil
  }

  private func order(_ terms: [OrderTerm], _ core: Core) throws(Untranslatable) -> String {
    var list: [String] = []
    for term in terms {
      let position = Self.position(of: term.expression, names: core.columns.map(\.name))
      if let position, try isPlainlyOrdered(core.columns[position].value, term.expression) {
        list.append("\(position + 1)\(Self.direction(term))")
        continue
      }
      if case .literal = term.expression, position == nil { throw Untranslatable("ORDER BY of a constant") }
      guard !core.isDistinct else { throw Untranslatable("ORDER BY of what a DISTINCT select does not show") }
      let value = if let position { core.columns[position].value } else { try translate(term.expression) }
      list.append(try orderTerm(value, term))
    }
    return list.isEmpty ? "" : " ORDER BY \(list.joined(separator: ", "))"
  }
}
