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
      schema: record.plan.schema, known: shape?.tables.map(\.oid) ?? [],
      logs: record.plan.tables.map { ($0.id, catalogue.log($0.id, of: record.source)) },
      ours: catalogue.schema == record.plan.schema ? "changeover_" : nil)
    return ShapeComparison(record.plan, before: shape, found: try FoundTarget.read(query, &connection)).deviations
  }
}
