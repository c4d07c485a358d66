import Model

/// A table as a batch declares it: what its images and keys consist of at the time of capture.
package struct JournalTable: Sendable, Hashable {
  /// The number that rows of the batch name the table by.
  package let id: TableID
  package let name: String
  /// The columns of an image, in its order.
  package let columns: [String]
  /// Where the key's values stand in an image, in the key's order.
  package let keyPositions: [Int]

  package init(id: TableID, name: String, columns: [String], keyPositions: [Int]) {
    self.id = id
    self.name = name
    self.columns = columns
    self.keyPositions = keyPositions
  }

  /// Why the format cannot carry this table; nil when it can.
  var flaw: BatchFlaw? {
    if id.rawValue < 0 { return .tableID }
    if columns.isEmpty || columns.count > BatchLimits.columns { return .columnCount }
    if keyPositions.isEmpty || keyPositions.count > columns.count { return .keyCount }
    if !keyPositions.allSatisfy(columns.indices.contains) || Set(keyPositions).count != keyPositions.count {
      return .keyPosition
    }
    return nil
  }
}
