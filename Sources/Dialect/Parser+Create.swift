extension Parser {
  mutating func createView() throws(SyntaxError) -> CreateView {
    try expect("CREATE")
    _ = take("TEMP") || take("TEMPORARY")
    try expect("VIEW")
    _ = take("IF", "NOT", "EXISTS")
    let name = try qualifiedName()
    let columns = isSymbol("(") ? try names() : []
    try expect("AS")
    return CreateView(name: name, columns: columns, select: try select())
  }

  mutating func createIndex() throws(SyntaxError) -> CreateIndex {
    try expect("CREATE")
    let isUnique = take("UNIQUE")
    try expect("INDEX")
    _ = take("IF", "NOT", "EXISTS")
    let name = try qualifiedName()
    try expect("ON")
    var index = CreateIndex(name: name, table: try self.name(), isUnique: isUnique, terms: [])
    index.terms = try inParentheses { (parser) throws(SyntaxError) in
      try parser.list { (parser) throws(SyntaxError) in try parser.indexTerm() }
    }
    if take("WHERE") {
      let start = position
      index.predicate = try expression()
      index.predicateText = text(from: start)
    }
    return index
  }

  private mutating func indexTerm() throws(SyntaxError) -> CreateIndex.Term {
    let start = position
    let value = try expression()
    var end = position
    var term = CreateIndex.Term(expression: value, text: "", collation: nil, isDescending: false)
    if case .collate(let inner, let collation) = value {
      term.expression = inner
      term.collation = collation
      end -= 2
    }
    term.text = text(from: start, to: end)
    term.isDescending = direction()
    return term
  }

  // MARK: Tables

  mutating func createTable() throws(SyntaxError) -> CreateTable {
    try expect("CREATE")
    _ = take("TEMP") || take("TEMPORARY")
    try expect("TABLE")
    _ = take("IF", "NOT", "EXISTS")
    var table = CreateTable(name: try qualifiedName())
    if isWord("AS") { throw SyntaxError(reason: "it creates the table from a SELECT") }
    try expectSymbol("(")
    repeat {
      if startsTableConstraint { break }
      table.columns.append(try column())
    } while takeSymbol(",")
    // SQLite takes table constraints without commas between them.
    while !isSymbol(")") {
      table.constraints.append(try tableConstraint())
      _ = takeSymbol(",")
    }
    try expectSymbol(")")
    while !isAtEnd, !isSymbol(";") {
      if take("WITHOUT") {
        guard try name().lowercased() == "rowid" else { throw unexpected() }
        table.isWithoutRowid = true
      } else {
        try expect("STRICT")
        table.isStrict = true
      }
      if !takeSymbol(",") { break }
    }
    return table
  }

  private var startsTableConstraint: Bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].contains(word())
  }

  private mutating func column() throws(SyntaxError) -> CreateTable.Column {
    var column = CreateTable.Column(name: try name(), type: "")
    if let token = current, isName(token, at: position), !(isWord("GENERATED") && isWord("ALWAYS", ahead: 1)) {
      column.type = try typeName()
    }
    var name: String?
    while true {
      if take("CONSTRAINT") {
        name = try self.name()
        continue
      }
      guard let kind = try columnConstraint() else { break }
      column.constraints.append(ColumnConstraint(name: name, kind: kind))
      name = nil
    }
    return column
  }

  /// One or several words with up to two numbers: `DECIMAL(10, 2)`.
  mutating func typeName() throws(SyntaxError) -> String {
    let start = position
    while let token = current, isName(token, at: position), !(isWord("GENERATED") && isWord("ALWAYS", ahead: 1)) {
      position += 1
    }
    guard position > start else { return "" }
    if takeSymbol("(") {
      repeat {
        _ = takeSymbol("-") || takeSymbol("+")
        guard let token = current, token.kind == .number || isName(token, at: position) else { throw unexpected() }
        position += 1
      } while takeSymbol(",")
      try expectSymbol(")")
    }
    return text(from: start)
  }

  private mutating func columnConstraint() throws(SyntaxError) -> ColumnConstraint.Kind? {
    if take("PRIMARY", "KEY") {
      let isDescending = direction()
      return .primaryKey(isDescending: isDescending, try conflict(), isAutoincrement: take("AUTOINCREMENT"))
    }
    if take("NOT", "NULL") { return .notNull(try conflict()) }
    if take("NULL") {
      _ = try conflict()
      return .nullable
    }
    if take("UNIQUE") { return .unique(try conflict()) }
    if take("CHECK") {
      let (check, text) = try expressionInParentheses()
      return .check(check, text: text)
    }
    if take("DEFAULT") { return try defaultValue() }
    if take("COLLATE") { return .collate(try name()) }
    if isWord("REFERENCES") { return .references(try foreignKeyClause()) }
    if take("GENERATED", "ALWAYS") { try expect("AS") } else { guard take("AS") else { return nil } }
    let (value, text) = try expressionInParentheses()
    let isStored = take("STORED")
    if !isStored { _ = take("VIRTUAL") }
    return .generated(value, text: text, isStored: isStored)
  }

  private mutating func expressionInParentheses() throws(SyntaxError) -> (Expression, text: String) {
    try expectSymbol("(")
    let start = position
    let value = try expression()
    let text = text(from: start)
    try expectSymbol(")")
    return (value, text)
  }

  private mutating func defaultValue() throws(SyntaxError) -> ColumnConstraint.Kind {
    let start = position
    let value = try defaultExpression()
    return .defaultValue(value, text: text(from: start))
  }

  /// A literal with its sign, an expression in parentheses, or a name, which is a string.
  mutating func defaultExpression() throws(SyntaxError) -> Expression {
    if isSymbol("(") { return try expressionInParentheses().0 }
    if isSymbol("-") || isSymbol("+") {
      let sign: UnaryOperator = takeSymbol("-") ? .minus : .plus
      if sign == .plus { position += 1 }
      guard let token = current, token.kind == .number else { throw unexpected() }
      if sign == .minus, token.text == "9223372036854775808" {
        position += 1
        return .literal(.integer(.min))
      }
      position += 1
      let literal = try number(token.text)
      return .literal(literal.signed(sign) ?? literal)
    }
    guard let token = current else { throw unexpected() }
    switch token.kind {
    case .number, .blob, .string: return try literalOperand()
    case .word where ["NULL", "TRUE", "FALSE", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"].contains(word()):
      return try literalOperand()
    default: return .literal(.string(try name()))
    }
  }

  private mutating func conflict() throws(SyntaxError) -> Conflict? {
    guard take("ON", "CONFLICT") else { return nil }
    guard let conflict = Conflict(rawValue: word()) else { throw unexpected() }
    position += 1
    return conflict
  }

  private mutating func foreignKeyClause() throws(SyntaxError) -> ForeignKeyClause {
    try expect("REFERENCES")
    var clause = ForeignKeyClause(table: try name())
    if isSymbol("(") { clause.columns = try names() }
    while true {
      if take("ON", "DELETE") {
        clause.onDelete = try action()
      } else if take("ON", "UPDATE") {
        clause.onUpdate = try action()
      } else if take("MATCH") {
        _ = try name()
      } else if isWord("DEFERRABLE") || (isWord("NOT") && isWord("DEFERRABLE", ahead: 1)) {
        clause.isDeferred = try deferral()
      } else {
        return clause
      }
    }
  }

  private mutating func deferral() throws(SyntaxError) -> Bool {
    let isNegated = take("NOT")
    try expect("DEFERRABLE")
    if take("INITIALLY", "DEFERRED") { return !isNegated }
    _ = take("INITIALLY", "IMMEDIATE")
    return false
  }

  private mutating func action() throws(SyntaxError) -> String {
    for action in [["SET", "NULL"], ["SET", "DEFAULT"], ["CASCADE"], ["RESTRICT"], ["NO", "ACTION"]] {
      guard action.enumerated().allSatisfy({ isWord($1, ahead: $0) }) else { continue }
      position += action.count
      return action.joined(separator: " ")
    }
    throw unexpected()
  }

  private mutating func tableConstraint() throws(SyntaxError) -> TableConstraint {
    let name = take("CONSTRAINT") ? try name() : nil
    let kind: TableConstraint.Kind
    if take("PRIMARY", "KEY") {
      try expectSymbol("(")
      let terms = try constraintTerms()
      let isAutoincrement = take("AUTOINCREMENT")
      try expectSymbol(")")
      kind = .primaryKey(terms, try conflict(), isAutoincrement: isAutoincrement)
    } else if take("UNIQUE") {
      try expectSymbol("(")
      let terms = try constraintTerms()
      try expectSymbol(")")
      kind = .unique(terms, try conflict())
    } else if take("CHECK") {
      let (check, text) = try expressionInParentheses()
      _ = try conflict()
      kind = .check(check, text: text)
    } else {
      try expect("FOREIGN", "KEY")
      let columns = try names()
      kind = .foreignKey(columns, try foreignKeyClause())
    }
    return TableConstraint(name: name, kind: kind)
  }

  private mutating func constraintTerms() throws(SyntaxError) -> [TableConstraint.Term] {
    try list { (parser) throws(SyntaxError) in
      var term = TableConstraint.Term(expression: try parser.expression(), collation: nil, isDescending: false)
      if case .collate(let inner, let collation) = term.expression {
        term.expression = inner
        term.collation = collation
      }
      term.isDescending = parser.direction()
      return term
    }
  }
}
