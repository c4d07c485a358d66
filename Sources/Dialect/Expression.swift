/// An expression of SQLite's SQL (https://www.sqlite.org/lang_expr.html).
package indirect enum Expression: Sendable, Hashable {
  case literal(Literal)
  case column(ColumnReference)
  case unary(UnaryOperator, Expression)
  case binary(BinaryOperator, Expression, Expression)
  case collate(Expression, String)
  case between(Expression, low: Expression, high: Expression)
  case inList(Expression, [Expression])
  case inSelect(Expression, Select)
  case match(MatchOperator, Expression, pattern: Expression, escape: Expression?)
  case isNull(Expression)
  case conditional(base: Expression?, branches: [Branch], otherwise: Expression?)
  case cast(Expression, type: String)
  case call(FunctionCall)
  case exists(Select)
  case subselect(Select)
  case row([Expression])

  /// `WHEN condition THEN value`.
  package struct Branch: Sendable, Hashable {
    package var condition: Expression
    package var value: Expression
  }
}

/// A constant as SQLite's grammar writes it.
package enum Literal: Sendable, Hashable {
  case null
  case integer(Int64)
  case real(Double)
  case string(String)
  case blob([UInt8])
  case boolean(Bool)
  case currentTime, currentDate, currentTimestamp
}

/// `column`, `table.column` or `schema.table.column`.
package struct ColumnReference: Sendable, Hashable {
  package var table: String?
  package var name: String
  /// In double quotes: a string where no column has the name, as SQLite takes it.
  package var mayBeString = false
}

/// An operator before its operand; NOT included.
package enum UnaryOperator: String, Sendable, Hashable {
  case minus = "-"
  case plus = "+"
  case complement = "~"
  case not = "NOT"
}

/// An operator between two operands.
package enum BinaryOperator: String, Sendable, Hashable {
  case or = "OR"
  case and = "AND"
  case equal = "="
  case notEqual = "<>"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  /// NULL-safe equality, which SQLite also writes IS NOT DISTINCT FROM.
  case `is` = "IS"
  case isNot = "IS NOT"
  case bitAnd = "&"
  case bitOr = "|"
  case shiftLeft = "<<"
  case shiftRight = ">>"
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case concatenate = "||"
  case extract = "->"
  case extractText = "->>"

  /// The same comparison with its operands swapped; nil for what is no comparison.
  var mirrored: BinaryOperator? {
    switch self {
    case .equal, .notEqual, .is, .isNot: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: nil
    }
  }
}

/// The four operators that match a pattern.
package enum MatchOperator: String, Sendable, Hashable {
  case like = "LIKE"
  case glob = "GLOB"
  case regexp = "REGEXP"
  case match = "MATCH"
}

/// `name(arguments)`, also as an aggregate or a window function.
package struct FunctionCall: Sendable, Hashable {
  /// In lower case.
  package var name: String
  package var arguments: [Expression]
  package var isDistinct = false
  /// `count(*)`.
  package var hasStar = false
  package var filter: Expression?
  package var window: WindowReference?
}

/// What follows OVER.
package enum WindowReference: Sendable, Hashable {
  case named(String)
  case inline(Window)
}

/// `PARTITION BY … ORDER BY …` and a frame.
package struct Window: Sendable, Hashable {
  package var base: String?
  package var partition: [Expression] = []
  package var order: [OrderTerm] = []
  package var frame: Frame?

  /// `ROWS BETWEEN … AND … EXCLUDE …`.
  package struct Frame: Sendable, Hashable {
    package var unit: String
    package var start: Bound
    package var end: Bound?
    package var exclusion: String?
  }

  package enum Bound: Sendable, Hashable {
    case unboundedPreceding, currentRow, unboundedFollowing
    case preceding(Expression)
    case following(Expression)
  }
}

/// A term of ORDER BY.
package struct OrderTerm: Sendable, Hashable {
  package var expression: Expression
  package var isDescending = false
  /// NULLS FIRST or NULLS LAST where it is written.
  package var nullsFirst: Bool?
}
