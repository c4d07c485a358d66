/// Which tables move: all of them, or those whose names match `include` and do not match `exclude`.
package struct TableSelection: Sendable, Equatable {
  /// Patterns with `*` (any run of characters) and `?` (any one), compared without regard to ASCII case.
  package var include: [String]
  package var exclude: [String]
  /// Tables that stay out by their whole names.
  package var excludedNames: [String]

  package init(include: [String] = [], exclude: [String] = [], excludedNames: [String] = []) {
    self.include = include
    self.exclude = exclude
    self.excludedNames = excludedNames
  }

  /// Why a table stays out; nil when it moves.
  package func reasonToLeaveOut(_ name: String) -> String? {
    if excludedNames.contains(where: { $0.lowercased() == name.lowercased() }) { return "excluded by its name" }
    if let pattern = exclude.first(where: { Self.matches(name, $0) }) { return "excluded by the pattern '\(pattern)'" }
    if !include.isEmpty, !include.contains(where: { Self.matches(name, $0) }) {
      return "not matched by any included pattern"
    }
    return nil
  }

  package func leavesOut(_ name: String) -> Bool { reasonToLeaveOut(name) != nil }

  static func matches(_ name: String, _ pattern: String) -> Bool {
    matches(Array(name.lowercased())[...], Array(pattern.lowercased())[...])
  }

  private static func matches(_ name: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    switch first {
    case "*":
      return matches(name, pattern.dropFirst()) || (!name.isEmpty && matches(name.dropFirst(), pattern))
    case "?": return !name.isEmpty && matches(name.dropFirst(), pattern.dropFirst())
    default: return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
    }
  }
}
