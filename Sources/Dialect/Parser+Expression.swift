/// Operators, from the weakest to the strongest (https://www.sqlite.org/lang_expr.html, section 2).
extension Parser {
  private enum Level: Int {
    case or, and, not, equality, comparison, bits, sum, product, concatenation, collate
  }

  mutating func expression() throws(SyntaxError) -> Expression { try expression(.or) }

  private mutating func expression(_ level: Level) throws(SyntaxError) -> Expression {
    try nested { (parser) throws(SyntaxError) in try parser.chain(level) }
  }

  /// An operand with all operators behind it that bind at least as strongly as `level`.
  private mutating func chain(_ level: Level) throws(SyntaxError) -> Expression {
    var left: Expression
    if take("NOT") {
      left = .unary(.not, try expression(.not))
      try grow(over: height)
      // What follows a NOT with a weaker operator than NOT's own is for the caller.
      guard level.rawValue <= Level.not.rawValue else { return left }
    } else {
      left = try operand()
    }
    while let next = try continuation(of: left, level) { left = next }
    return left
  }

  /// The operator that comes next, if it binds at least as strongly as `level`, with its right operand.
  private mutating func continuation(of left: Expression, _ level: Level) throws(SyntaxError) -> Expression? {
    let before = height
    if let (symbol, operatorLevel, length) = infix(), operatorLevel.rawValue >= level.rawValue {
      position += length
      let right = try expression(tighter(operatorLevel))
      try grow(over: max(before, height))
      return .binary(symbol, left, right)
    }
    if level.rawValue <= Level.equality.rawValue, let next = try test(of: left) { return next }
    if take("COLLATE") {
      let name = try name()
      try grow(over: before)
      return .collate(left, name)
    }
    return nil
  }

  private func tighter(_ level: Level) -> Level { Level(rawValue: level.rawValue + 1) ?? .collate }

  /// The binary operator at the position, with the number of its tokens.
  private func infix() -> (BinaryOperator, Level, Int)? {
    switch word() {
    case "OR": return (.or, .or, 1)
    case "AND": return (.and, .and, 1)
    case "IS":
      let isNegated = isWord("NOT", ahead: 1)
      let length = isNegated ? 2 : 1
      if isWord("DISTINCT", ahead: length), isWord("FROM", ahead: length + 1) {
        return (isNegated ? .is : .isNot, .equality, length + 2)
      }
      return (isNegated ? .isNot : .is, .equality, length)
    default: break
    }
    guard let current, current.kind == .symbol else { return nil }
    switch current.text {
    case "=", "==": return (.equal, .equality, 1)
    case "<>", "!=": return (.notEqual, .equality, 1)
    case "<": return (.less, .comparison, 1)
    case "<=": return (.lessOrEqual, .comparison, 1)
    case ">": return (.greater, .comparison, 1)
    case ">=": return (.greaterOrEqual, .comparison, 1)
    case "&": return (.bitAnd, .bits, 1)
    case "|": return (.bitOr, .bits, 1)
    case "<<": return (.shiftLeft, .bits, 1)
    case ">>": return (.shiftRight, .bits, 1)
    case "+": return (.add, .sum, 1)
    case "-": return (.subtract, .sum, 1)
    case "*": return (.multiply, .product, 1)
    case "/": return (.divide, .product, 1)
    case "%": return (.remainder, .product, 1)
    case "||": return (.concatenate, .concatenation, 1)
    case "->": return (.extract, .concatenation, 1)
    case "->>": return (.extractText, .concatenation, 1)
    default: return nil
    }
  }

  /// IN, LIKE and its like, BETWEEN, ISNULL and NOTNULL, which stand with the equality operators.
  private mutating func test(of left: Expression) throws(SyntaxError) -> Expression? {
    let before = height
    if take("ISNULL") { return try over(before, .isNull(left)) }
    if take("NOTNULL") || take("NOT", "NULL") {
      return try over(before + 1, .unary(.not, .isNull(left)))
    }
    let isNegated = isWord("NOT")
    guard ["IN", "LIKE", "GLOB", "REGEXP", "MATCH", "BETWEEN"].contains(word(ahead: isNegated ? 1 : 0)) else {
      return nil
    }
    if isNegated { position += 1 }
    let positive: Expression
    if take("IN") {
      positive = try membership(of: left)
    } else if take("BETWEEN") {
      let low = try expression(.comparison)
      let lowHeight = height
      try expect("AND")
      positive = .between(left, low: low, high: try expression(.comparison))
      height = max(height, lowHeight)
    } else {
      guard let matching = MatchOperator(rawValue: word()) else { throw unexpected() }
      position += 1
      let pattern = try expression(.comparison)
      let patternHeight = height
      let escape = take("ESCAPE") ? try expression(.comparison) : nil
      positive = .match(matching, left, pattern: pattern, escape: escape)
      height = max(height, patternHeight)
    }
    return try over(max(before, height) + 1, isNegated ? .unary(.not, positive) : positive)
  }

  private mutating func over(_ heights: Int, _ expression: Expression) throws(SyntaxError) -> Expression {
    try grow(over: heights)
    return expression
  }

  private mutating func membership(of left: Expression) throws(SyntaxError) -> Expression {
    guard isSymbol("(") else {
      let table = try qualifiedName()
      let core = SelectCore.Query(columns: [.all], from: .table(table, alias: nil))
      return .inSelect(left, Select(first: .query(core)))
    }
    return try inParentheses { (parser) throws(SyntaxError) in
      if parser.startsSelect { return .inSelect(left, try parser.select()) }
      return .inList(left, parser.isSymbol(")") ? [] : try parser.expressions())
    }
  }

  /// One or several expressions; the height is that of the highest.
  mutating func expressions() throws(SyntaxError) -> [Expression] {
    var highest = 0
    let result = try list { (parser) throws(SyntaxError) in
      let expression = try parser.expression()
      highest = max(highest, parser.height)
      return expression
    }
    height = highest
    return result
  }

  // MARK: Operands

  /// A literal alone, as DEFAULT takes it.
  mutating func literalOperand() throws(SyntaxError) -> Expression { try operand() }

  private mutating func operand() throws(SyntaxError) -> Expression {
    guard let token = current else { throw unexpected() }
    height = 1
    switch token.kind {
    case .number:
      position += 1
      return .literal(try number(token.text))
    case .blob:
      position += 1
      return .literal(.blob(try blob(token.text)))
    case .string where !isSymbol(".", ahead: 1):
      position += 1
      return .literal(.string(token.name))
    case .symbol: return try prefixed(token.text)
    case .word:
      if let special = try specialWord() { return special }
    default: break
    }
    guard isName(token, at: position) else { throw unexpected() }
    if isSymbol("(", ahead: 1), token.kind != .string { return try call() }
    return .column(try reference())
  }

  private mutating func prefixed(_ symbol: String) throws(SyntaxError) -> Expression {
    switch symbol {
    case "-", "+", "~":
      guard let sign = UnaryOperator(rawValue: symbol) else { throw unexpected() }
      position += 1
      if sign == .minus, let token = current, token.kind == .number, token.text == "9223372036854775808" {
        position += 1
        return .literal(.integer(.min))
      }
      let operand = try nested { (parser) throws(SyntaxError) in try parser.operand() }
      if case .literal(let literal) = operand, let signed = literal.signed(sign) { return .literal(signed) }
      try grow(over: height)
      return .unary(sign, operand)
    case "(":
      return try inParentheses { (parser) throws(SyntaxError) in
        if parser.startsSelect { return .subselect(try parser.select()) }
        let elements = try parser.expressions()
        if elements.count == 1, let only = elements.first { return only }
        try parser.grow(over: parser.height)
        return .row(elements)
      }
    default: throw unexpected()
    }
  }

  private mutating func specialWord() throws(SyntaxError) -> Expression? {
    switch word() {
    case "NULL": return literal(.null)
    case "TRUE" where !isSymbol(".", ahead: 1) && !isSymbol("(", ahead: 1): return literal(.boolean(true))
    case "FALSE" where !isSymbol(".", ahead: 1) && !isSymbol("(", ahead: 1): return literal(.boolean(false))
    case "CURRENT_TIME": return literal(.currentTime)
    case "CURRENT_DATE": return literal(.currentDate)
    case "CURRENT_TIMESTAMP": return literal(.currentTimestamp)
    case "CASE": return try conditional()
    case "CAST" where isSymbol("(", ahead: 1): return try conversion()
    case "EXISTS":
      position += 1
      return .exists(
        try inParentheses { (parser) throws(SyntaxError) in try parser.select() })
    case "RAISE" where isSymbol("(", ahead: 1):
      throw SyntaxError(reason: "RAISE stands outside of a trigger")
    default: return nil
    }
  }

  private mutating func literal(_ literal: Literal) -> Expression {
    position += 1
    return .literal(literal)
  }

  private mutating func conditional() throws(SyntaxError) -> Expression {
    position += 1
    var highest = 0
    func noted(_ parser: inout Parser) throws(SyntaxError) -> Expression {
      let expression = try parser.expression()
      highest = max(highest, parser.height)
      return expression
    }
    let base = isWord("WHEN") ? nil : try noted(&self)
    var branches: [Expression.Branch] = []
    while take("WHEN") {
      let condition = try noted(&self)
      try expect("THEN")
      branches.append(Expression.Branch(condition: condition, value: try noted(&self)))
    }
    guard !branches.isEmpty else { throw unexpected() }
    let otherwise = take("ELSE") ? try noted(&self) : nil
    try expect("END")
    try grow(over: highest)
    return .conditional(base: base, branches: branches, otherwise: otherwise)
  }

  private mutating func conversion() throws(SyntaxError) -> Expression {
    position += 1
    return try inParentheses { (parser) throws(SyntaxError) in
      let operand = try parser.expression()
      try parser.expect("AS")
      let type = try parser.typeName()
      try parser.grow(over: parser.height)
      return .cast(operand, type: type)
    }
  }

  private mutating func reference() throws(SyntaxError) -> ColumnReference {
    let isQuoted = current?.text.utf8.first == UInt8(ascii: "\"")
    var parts = [try name()]
    while parts.count < 3, takeSymbol(".") { parts.append(try name()) }
    let table = parts.count > 1 ? parts[parts.count - 2] : nil
    return ColumnReference(table: table, name: parts[parts.count - 1], mayBeString: isQuoted && table == nil)
  }
}
