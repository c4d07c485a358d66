/// How a table is compared.
package struct ComparisonSettings: Sendable {
  /// How many differences are listed; all are counted.
  package var limit = 100
  package var showsValues = false
  /// Rows a second at most; nil for as fast as it goes.
  package var rowsPerSecond: Double?
  /// Rows of the source in one chunk, which is one query to the target.
  package var chunkRows = 65_536
  /// Rows of the source in one part of a chunk: a chunk that differs is looked at again part by part.
  package var partRows = 1_024
  /// Rows of tables that inherit from the target's are none of it.
  package var leavesOutChildren = false

  package init() {}
}
