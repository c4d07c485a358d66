import Model

/// A stretch of the source's rows in key order, summed part by part.
struct SourceChunk: Sendable {
  /// A part of it, small enough to be looked at row by row.
  struct Part: Sendable {
    var range: KeyRange
    /// All rows of the source, those that do not fit too.
    var rows = 0
    /// The rows that the target can have as they are.
    var sum = RowSum()
    /// It holds rows that differ whatever the target says.
    var isFlawed = false
  }

  var parts: [Part] = []
  /// Nothing follows: the last part has no upper border.
  var isLast = false

  var rows: Int { parts.reduce(0) { $0 + $1.rows } }
  var isFlawed: Bool { parts.contains(where: \.isFlawed) }
  var sum: RowSum { parts.reduce(into: RowSum()) { $0.add($1.sum) } }
  var range: KeyRange { KeyRange(lower: parts.first?.range.lower, upper: parts.last?.range.upper) }
}
