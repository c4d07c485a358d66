import Apply
import Model
import Postgres
import ReverseApply
import SQLite
import Schema

/// Where the rows are kept that the store which follows does not take: on the target, and after the switch in the source.
package enum Refusals: Sendable {
  case byTarget(Quarantine)
  case bySource

  func holds(rowsOf table: TableID, _ source: borrowing Database, _ target: inout Connection) throws -> Bool {
    switch self {
    case .byTarget(let quarantine): try quarantine.holdsRows(of: table, &target)
    case .bySource: try ReverseQuarantine.holdsRows(of: table, in: source)
    }
  }

  /// What is known of each row that was found to differ; nil where nothing is.
  func states(
    of found: [Found], in compared: ComparedTable, _ source: borrowing Database, _ target: inout Connection
  ) throws -> [Difference.QuarantineState?] {
    switch self {
    case .byTarget(let quarantine):
      var discarded: [[Value]: Bool] = [:]
      for start in stride(from: 0, to: found.count, by: 1_000) {
        let keys = found[start..<min(start + 1_000, found.count)].filter { !$0.isKeyOfTarget }.map(\.key)
        discarded.merge(try quarantine.discarded(among: keys, of: compared.table.id, &target)) { a, _ in a }
      }
      return found.map { found in
        if found.isKeyOfTarget { return nil }
        return discarded[found.key].map { $0 ? .discarded : .waiting }
      }
    case .bySource:
      // The source knows these rows by the target's key.
      let keys = found.map { $0.fields ?? compared.keyFields.fields(of: $0.key) }
      return try ReverseQuarantine.discarded(keys, of: compared.plan, in: source).map { isDiscarded in
        isDiscarded.map { $0 ? .discarded : .waiting }
      }
    }
  }
}
