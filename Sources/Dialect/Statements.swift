/// `CREATE VIEW name (columns) AS select`.
package struct CreateView: Sendable, Hashable {
  package var name: String
  package var columns: [String]
  package var select: Select
}

/// `CREATE INDEX name ON table (terms) WHERE predicate`.
package struct CreateIndex: Sendable, Hashable {
  package var name: String
  package var table: String
  package var isUnique: Bool
  package var terms: [Term]
  package var predicate: Expression?
  package var predicateText: String?

  package struct Term: Sendable, Hashable {
    package var expression: Expression
    /// As written, without COLLATE, ASC and DESC.
    package var text: String
    package var collation: String?
    package var isDescending: Bool
  }
}
