import Model

/// A table that changeover knows in the source, and whether it follows.
package struct InstalledTable: Sendable, Hashable {
  /// What a command asked of the sync.
  package enum Request: String, Sendable { case resync, suspend, resume }

  /// As it was when the schema was last taken up.
  package var table: SourceTable
  /// Nil while its changes are captured.
  package var hold: TableHold?
  package var request: Request?

  package init(table: SourceTable, hold: TableHold? = nil, request: Request? = nil) {
    self.table = table
    self.hold = hold
    self.request = request
  }
}
