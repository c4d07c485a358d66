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
    let found = try FoundTarget.read(query(record, catalogue, known: shape), &connection)
    return ShapeComparison(record.plan, before: shape, found: found).deviations
  }

  /// Remembers what the target's tables look like before a switch: what the application changes of them afterwards is
  /// told from what was there, although nobody may look for a while.
  package static func rememberShape(
    _ record: SourceRecord, for switchID: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    let query = query(record, catalogue, known: nil)
    let found = try FoundTarget.read(query, &connection)
    let comparison = ShapeComparison(record.plan, before: nil, found: found)
    try ReverseMemory(shape: comparison.shape, deviations: comparison.deviations).write(
      record.source, switchID, fingerprint: "", catalogue, &connection)
  }

  private static func query(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, known: TargetShape?
  ) -> FoundTarget.Query {
    FoundTarget.Query(
      schema: record.plan.schema, known: known?.tables.map(\.oid) ?? [],
      logs: record.plan.tables.map { ($0.id, catalogue.log($0.id, of: record.source)) },
      ours: catalogue.schema == record.plan.schema ? "changeover_" : nil)
  }
}
