/// Text that is not SQLite's SQL, or more deeply nested than the parser goes.
package struct SyntaxError: Error, Hashable, CustomStringConvertible {
  package var reason: String
  package var description: String { reason }
}

/// Why an expression has no PostgreSQL counterpart that means the same for every value.
package struct Untranslatable: Error, Hashable, CustomStringConvertible {
  package var reason: String
  package init(_ reason: String) { self.reason = reason }
  package var description: String { reason }
}
