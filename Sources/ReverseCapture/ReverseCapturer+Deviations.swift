import Apply
import Model
import Postgres
import Schema

extension ReverseCapturer {
  /// What speaks against the way back as the target stands now, without draining anything.
  package static func deviations(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> [Deviation] {
    let shape = try ReverseMemory.read(record.source, record.switchID, catalogue, &connection)?.shape
    let query = FoundTarget.Query(
      record.plan, known: shape?.tables.map(\.oid) ?? [], record.source, catalogue)
    return ShapeComparison(record.plan, before: shape, found: try FoundTarget.read(query, &connection)).deviations
  }
}
