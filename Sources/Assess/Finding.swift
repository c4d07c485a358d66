/// How much a finding weighs.
package enum Severity: String, Sendable, Hashable, Comparable, CaseIterable {
  /// Stops the move or loses meaning: NO-GO.
  case blocker
  /// Goes, and somebody should look at it before.
  case warning
  /// Good to know.
  case note

  package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .blocker: 0
    case .warning: 1
    case .note: 2
    }
  }
}

/// Something about the source that an operator should know before the move.
package struct Finding: Sendable, Hashable {
  package var kind: FindingKind
  package var severity: Severity
  package var table: String?
  package var column: String?
  /// What is the matter with this one; never holds a row's value.
  package var text: String
  /// How many values, rows or objects it is about.
  package var count: Int64?
  /// The key of a row as an example, as `id = 17`.
  package var exampleKey: String?
  /// That row's value, where values were asked for.
  package var exampleValue: String?

  package init(
    _ kind: FindingKind, table: String? = nil, column: String? = nil, _ text: String, severity: Severity? = nil,
    count: Int64? = nil, exampleKey: String? = nil
  ) {
    self.kind = kind
    self.severity = severity ?? kind.severity
    self.table = table
    self.column = column
    self.text = text
    self.count = count
    self.exampleKey = exampleKey
  }

  package var remedy: String { kind.remedy }

  /// `table.column`, `table`, or nothing.
  package var subject: String {
    guard let table else { return "" }
    return column.map { "\(table).\($0)" } ?? table
  }

  /// Worst first, then by kind and subject.
  package static func isWorse(_ a: Finding, _ b: Finding) -> Bool {
    (a.severity, a.kind.order, a.table ?? "", a.column ?? "", a.text)
      < (b.severity, b.kind.order, b.table ?? "", b.column ?? "", b.text)
  }
}
