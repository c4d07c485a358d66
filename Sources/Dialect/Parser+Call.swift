extension Parser {
  /// `name(…) FILTER (WHERE …) OVER …`.
  mutating func call() throws(SyntaxError) -> Expression {
    var call = FunctionCall(name: try name().lowercased(), arguments: [])
    var highest = 0
    try expectSymbol("(")
    if takeSymbol("*") {
      call.hasStar = true
    } else if !isSymbol(")") {
      call.isDistinct = take("DISTINCT")
      call.arguments = try expressions()
      highest = height
    }
    try expectSymbol(")")
    if isWord("FILTER"), isSymbol("(", ahead: 1) {
      position += 1
      call.filter = try inParentheses { (parser) throws(SyntaxError) in
        try parser.expect("WHERE")
        return try parser.expression()
      }
      highest = max(highest, height)
    }
    if take("OVER") {
      call.window = isSymbol("(") ? .inline(try window()) : .named(try name())
      highest = max(highest, height)
    }
    try grow(over: highest)
    return .call(call)
  }

  /// `(base PARTITION BY … ORDER BY … frame)`.
  mutating func window() throws(SyntaxError) -> Window {
    try expectSymbol("(")
    var window = Window()
    var highest = 0
    let starts = ["PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS"]
    if !isSymbol(")"), !starts.contains(word()) { window.base = try name() }
    if take("PARTITION", "BY") {
      window.partition = try expressions()
      highest = height
    }
    if take("ORDER", "BY") {
      window.order = try orderTerms()
      highest = max(highest, height)
    }
    if ["ROWS", "RANGE", "GROUPS"].contains(word()) { window.frame = try frame() }
    try expectSymbol(")")
    height = max(highest, height)
    return window
  }

  private mutating func frame() throws(SyntaxError) -> Window.Frame {
    let unit = word()
    position += 1
    let isRange = take("BETWEEN")
    var frame = Window.Frame(unit: unit, start: try bound())
    if isRange {
      try expect("AND")
      frame.end = try bound()
    }
    if take("EXCLUDE") {
      if take("NO", "OTHERS") {
        frame.exclusion = "NO OTHERS"
      } else if take("CURRENT", "ROW") {
        frame.exclusion = "CURRENT ROW"
      } else if take("GROUP") {
        frame.exclusion = "GROUP"
      } else {
        try expect("TIES")
        frame.exclusion = "TIES"
      }
    }
    return frame
  }

  private mutating func bound() throws(SyntaxError) -> Window.Bound {
    if take("UNBOUNDED", "PRECEDING") { return .unboundedPreceding }
    if take("UNBOUNDED", "FOLLOWING") { return .unboundedFollowing }
    if take("CURRENT", "ROW") { return .currentRow }
    let distance = try expression()
    if take("PRECEDING") { return .preceding(distance) }
    try expect("FOLLOWING")
    return .following(distance)
  }

  mutating func orderTerms() throws(SyntaxError) -> [OrderTerm] {
    var highest = 0
    let terms = try list { (parser) throws(SyntaxError) in
      var term = OrderTerm(expression: try parser.expression())
      highest = max(highest, parser.height)
      term.isDescending = parser.direction()
      if parser.take("NULLS", "FIRST") { term.nullsFirst = true }
      if parser.take("NULLS", "LAST") { term.nullsFirst = false }
      return term
    }
    height = highest
    return terms
  }

  /// ASC or DESC, if any: whether it is DESC.
  mutating func direction() -> Bool {
    if take("ASC") { return false }
    return take("DESC")
  }
}
