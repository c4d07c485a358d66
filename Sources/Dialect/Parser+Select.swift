extension Parser {
  var startsSelect: Bool { ["SELECT", "WITH", "VALUES"].contains(word()) }

  mutating func select() throws(SyntaxError) -> Select {
    try nestedSelect { (parser) throws(SyntaxError) in try parser.wholeSelect() }
  }

  private mutating func wholeSelect() throws(SyntaxError) -> Select {
    let with = isWord("WITH") ? try commonTables() : nil
    var select = Select(with: with, first: try core())
    while let compound = takeCompound() {
      guard select.rest.count < Self.maximumHeight else {
        throw SyntaxError(reason: "it combines more than \(Self.maximumHeight) selects")
      }
      select.rest.append(Select.CompoundPart(compound: compound, core: try core()))
    }
    if take("ORDER", "BY") { select.order = try orderTerms() }
    if take("LIMIT") {
      select.limit = try expression()
      if take("OFFSET") {
        select.offset = try expression()
      } else if takeSymbol(",") {
        select.offset = select.limit
        select.limit = try expression()
      }
    }
    return select
  }

  private mutating func takeCompound() -> Select.Compound? {
    if take("UNION", "ALL") { return .unionAll }
    if take("UNION") { return .union }
    if take("INTERSECT") { return .intersect }
    return take("EXCEPT") ? .except : nil
  }

  private mutating func commonTables() throws(SyntaxError) -> With {
    try expect("WITH")
    let isRecursive = take("RECURSIVE")
    let tables = try list { (parser) throws(SyntaxError) in
      let name = try parser.name()
      let columns = parser.isSymbol("(") ? try parser.names() : []
      try parser.expect("AS")
      // How it is computed is for each planner.
      _ = parser.take("NOT", "MATERIALIZED") || parser.take("MATERIALIZED")
      let select = try parser.inParentheses { (parser) throws(SyntaxError) in try parser.select() }
      return With.CommonTable(name: name, columns: columns, select: select)
    }
    return With(isRecursive: isRecursive, tables: tables)
  }

  private mutating func core() throws(SyntaxError) -> SelectCore {
    if take("VALUES") {
      return .values(
        try list { (parser) throws(SyntaxError) in
          try parser.inParentheses { (parser) throws(SyntaxError) in try parser.expressions() }
        })
    }
    try expect("SELECT")
    let isDistinct = take("DISTINCT")
    if !isDistinct { _ = take("ALL") }
    let columns = try list { (parser) throws(SyntaxError) in try parser.resultColumn() }
    var query = SelectCore.Query(isDistinct: isDistinct, columns: columns)
    if take("FROM") { query.from = try join() }
    if take("WHERE") { query.filter = try expression() }
    if take("GROUP", "BY") { query.groups = try expressions() }
    if take("HAVING") { query.having = try expression() }
    if take("WINDOW") {
      query.windows = try list { (parser) throws(SyntaxError) in
        let name = try parser.name()
        try parser.expect("AS")
        return SelectCore.NamedWindow(name: name, window: try parser.window())
      }
    }
    return .query(query)
  }

  private mutating func resultColumn() throws(SyntaxError) -> ResultColumn {
    if takeSymbol("*") { return .all }
    if isSymbol(".", ahead: 1), isSymbol("*", ahead: 2) {
      let table = try name()
      position += 2
      return .allOf(table)
    }
    let start = position
    let value = try expression()
    let text = text(from: start)
    return .expression(value, alias: try alias(), text: text)
  }

  // MARK: FROM

  private mutating func join() throws(SyntaxError) -> Join {
    try nested { (parser) throws(SyntaxError) in
      var left = try parser.joined()
      var highest = parser.height
      while let (kind, isNatural) = try parser.takeJoin() {
        let right = try parser.joined()
        highest = max(highest, parser.height)
        var condition = isNatural ? JoinCondition.natural : .none
        if parser.take("ON") {
          condition = .on(try parser.expression())
          highest = max(highest, parser.height)
        } else if parser.take("USING") {
          condition = .using(try parser.names())
        }
        left = .join(left, kind, right, condition)
        try parser.grow(over: highest)
        highest = parser.height
      }
      return left
    }
  }

  private mutating func takeJoin() throws(SyntaxError) -> (JoinKind, isNatural: Bool)? {
    if takeSymbol(",") { return (.cross, false) }
    if take("JOIN") { return (.inner, false) }
    let words = ["NATURAL", "LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS"]
    guard words.contains(word()) else { return nil }
    let isNatural = take("NATURAL")
    var kind = JoinKind.inner
    if take("LEFT") {
      kind = .left
    } else if take("RIGHT") {
      kind = .right
    } else if take("FULL") {
      kind = .full
    } else if take("CROSS") {
      kind = .cross
    } else {
      _ = take("INNER")
    }
    if kind == .left || kind == .right || kind == .full { _ = take("OUTER") }
    try expect("JOIN")
    return (kind, isNatural)
  }

  /// A table, a select or joins in parentheses.
  private mutating func joined() throws(SyntaxError) -> Join {
    if isSymbol("(") {
      let inner = try inParentheses { (parser) throws(SyntaxError) in
        parser.startsSelect ? Join.select(try parser.select(), alias: nil) : try parser.join()
      }
      guard let alias = try alias() else { return inner }
      guard case .select(let select, nil) = inner else {
        throw SyntaxError(reason: "joins in parentheses have an alias")
      }
      return .select(select, alias: alias)
    }
    let table = try qualifiedName()
    height = 1
    if isSymbol("(") { throw SyntaxError(reason: "it reads from the table-valued function \(table)") }
    let alias = try alias()
    if take("INDEXED", "BY") {
      _ = try name()
    } else {
      _ = take("NOT", "INDEXED")
    }
    return .table(table, alias: alias)
  }
}
