/// A SELECT with all that belongs to it (https://www.sqlite.org/lang_select.html).
package struct Select: Sendable, Hashable {
  package var with: With?
  package var first: SelectCore
  package var rest: [CompoundPart] = []
  package var order: [OrderTerm] = []
  package var limit: Expression?
  package var offset: Expression?

  /// `UNION SELECT …`.
  package struct CompoundPart: Sendable, Hashable {
    package var compound: Compound
    package var core: SelectCore
  }

  package enum Compound: String, Sendable, Hashable {
    case union = "UNION"
    case unionAll = "UNION ALL"
    case intersect = "INTERSECT"
    case except = "EXCEPT"
  }
}

/// Common table expressions.
package struct With: Sendable, Hashable {
  package var isRecursive: Bool
  package var tables: [CommonTable]

  package struct CommonTable: Sendable, Hashable {
    package var name: String
    package var columns: [String]
    package var select: Select
  }
}

/// One SELECT without what orders or combines it, or a VALUES list.
package enum SelectCore: Sendable, Hashable {
  case query(Query)
  case values([[Expression]])

  package struct Query: Sendable, Hashable {
    package var isDistinct = false
    package var columns: [ResultColumn]
    package var from: Join?
    package var filter: Expression?
    package var groups: [Expression] = []
    package var having: Expression?
    package var windows: [NamedWindow] = []
  }

  package struct NamedWindow: Sendable, Hashable {
    package var name: String
    package var window: Window
  }
}

/// A column of a result.
package enum ResultColumn: Sendable, Hashable {
  case all
  case allOf(String)
  /// `text` is the expression as written: SQLite's name for it where there is no alias.
  case expression(Expression, alias: String?, text: String)
}

/// What follows FROM.
package indirect enum Join: Sendable, Hashable {
  case table(String, alias: String?)
  case select(Select, alias: String?)
  case join(Join, JoinKind, Join, JoinCondition)
}

package enum JoinKind: String, Sendable, Hashable {
  case inner = "JOIN"
  case cross = "CROSS JOIN"
  case left = "LEFT JOIN"
  case right = "RIGHT JOIN"
  case full = "FULL JOIN"
}

package enum JoinCondition: Sendable, Hashable {
  case none
  case natural
  case on(Expression)
  case using([String])
}
