import Model
import Verify

/// What is known of one table: the rows compared so far and what differs among them. Kept in the state directory while a
/// run goes on.
package struct VerifyTable: Sendable, Codable {
  package let id: TableID
  /// The name in the source.
  package var name: String
  package var sourceRows: Int64 = 0
  package var targetRows: Int64 = 0
  /// Rows that differ, those that are not listed included; after a repair, those that still do.
  package var total: Int64 = 0
  /// Of these, rows in the quarantine, and those of them that somebody gave up.
  package var quarantined: Int64 = 0
  package var discarded: Int64 = 0
  /// Values that arrived without their NUL characters, or '' as NULL, as the settings of their columns say.
  package var stripped: Int64 = 0
  package var emptied: Int64 = 0
  package var repaired: Int64 = 0
  package var differences: [VerifyDifference] = []
  /// Why the table could not be compared to its end.
  package var problem: String?
  /// What of it only one of the stores has, after DDL on the target.
  package var notCompared: [String] = []
  package var isFinished = false
  /// The last key compared.
  var cursor: [Value]?

  init(id: TableID, name: String) {
    self.id = id
    self.name = name
  }

  /// Adds what a further part of the table gave.
  mutating func add(_ part: Comparison, limit: Int) {
    sourceRows += part.sourceRows
    targetRows += part.targetRows
    total += part.total
    quarantined += part.quarantined
    discarded += part.discarded
    stripped += part.stripped
    emptied += part.emptied
    differences += part.differences.prefix(max(limit - listed, 0)).map(VerifyDifference.init)
    switch part.end {
    case .finished:
      isFinished = true
      cursor = nil
    case .paused(let key): cursor = key
    }
  }

  /// Begins anew, with what was repaired: all of it counted, and as much listed as is shown.
  mutating func restart(listing limit: Int) {
    var again = VerifyTable(id: id, name: name)
    again.repaired = repaired
    again.differences = Array(differences.lazy.filter(\.isRepaired).prefix(limit))
    self = again
  }

  private var listed: Int { differences.count { !$0.isRepaired } }
  /// Differences that are counted and not listed: nobody knows their keys.
  package var unlisted: Int64 { total - Int64(listed) }

  /// Notes what became of a difference after its key was logged: nil where the row is the same by now, as the store has it
  /// that is written.
  mutating func settle(_ index: Int, _ now: VerifyDifference?, _ direction: Direction) {
    let kind = differences[index].kind
    let isThere = direction == .forward ? kind.isInSource : kind.isInTarget
    sourceRows += (now?.kind.isInSource ?? isThere ? 1 : 0) - (kind.isInSource ? 1 : 0)
    targetRows += (now?.kind.isInTarget ?? isThere ? 1 : 0) - (kind.isInTarget ? 1 : 0)
    if let now {
      if now.quarantine != nil { quarantined += 1 }
      if now.quarantine == .discarded { discarded += 1 }
      differences[index] = now
      return
    }
    repaired += 1
    total -= 1
    differences[index].isRepaired = true
  }

  /// Whether every row is the same in both stores, apart from those that somebody gave up.
  package var isEqual: Bool { problem == nil && total == discarded }
}

/// A row that differs, and what became of it.
package struct VerifyDifference: Sendable, Codable {
  package var key: [Value]
  package var kind: Difference.Kind
  package var columns: [String]
  package var lossyColumns: [String]
  package var quarantine: Difference.QuarantineState?
  /// The key is the target's, and the source has no such value.
  package var isKeyOfTarget: Bool
  package var values: [ColumnValues]?
  package var isRepaired = false

  package struct ColumnValues: Sendable, Codable {
    package var column: String
    package var source: Value?
    package var target: String?
  }

  init(_ difference: Difference) {
    key = difference.key
    kind = difference.kind
    columns = difference.columns
    lossyColumns = difference.lossyColumns
    quarantine = difference.quarantine
    isKeyOfTarget = difference.isKeyOfTarget
    values = difference.values?.map { ColumnValues(column: $0.column, source: $0.source, target: $0.target) }
  }

  /// Whether logging its key can mend it.
  package var isRepairable: Bool { !isKeyOfTarget && quarantine == nil && !isRepaired }
}
