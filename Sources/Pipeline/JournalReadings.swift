import Apply
import Journal
import Model
import Postgres
import ReverseApply
import Schema

/// How to show the values of reverse batches, which are PostgreSQL's own: what the target's plan says of the columns.
package struct JournalReadings {
  private let readers: [TableID: FieldReader]

  /// Nothing is known: values are shown as their bytes.
  package init() { readers = [:] }

  /// Asks the target; where it does not answer, or knows nothing of the journal's source, nothing is known.
  package init(_ target: ConnectionTarget, state: String, targetSchema: String?) {
    self.init((try? Self.plan(target, state, targetSchema)) ?? nil)
  }

  private init(_ plan: TargetPlan?) {
    readers = Dictionary((plan?.tables ?? []).map { ($0.id, FieldReader($0)) }, uniquingKeysWith: { a, _ in a })
  }

  private static func plan(_ target: ConnectionTarget, _ state: String, _ schema: String?) throws -> TargetPlan? {
    guard let source = StateDirectory(existing: state)?.knownSource else { return nil }
    var connection = try Connection(
      target, applicationName: "changeover journal", stop: StopSignal(), timeoutSeconds: 3)
    connection.deadline = .now + .seconds(5)
    let schema = try schema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema) else { return nil }
    return try SourceRecord.read(source, catalogue, &connection)?.plan
  }

  /// A value as people read it; nil where its bytes are all that can be shown.
  package func value(_ table: JournalTable, _ column: String, _ field: UnsafeRawBufferPointer) -> Value? {
    readers[table.id]?.value(field, of: column)
  }
}
