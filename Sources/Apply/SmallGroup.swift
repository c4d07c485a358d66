import Conversion
import Journal
import Model
import Postgres
import Schema

/// The rows of a group that fits in memory, one array a column, sent in one round trip.
struct SmallGroup {
  private var tables: [TableID: Rows] = [:]
  private var order: [TableID] = []

  /// One table's upserts and deletes.
  private final class Rows {
    let sql: TableSQL
    let plan: TablePlan
    let keyColumns: [ColumnPlan]
    let codecs: [ColumnCodec]
    let keyCodecs: [ColumnCodec]
    /// One a written column.
    let upserts: [ArrayColumn]
    let writtenColumns: [ColumnPlan]
    let deletes: [ArrayColumn]

    init(_ plan: TablePlan, schema: String) throws(Failure) {
      self.plan = plan
      codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
      keyCodecs = try plan.keyColumns.map { column throws(Failure) in try ColumnCodec(column) }
      sql = TableSQL(plan, schema: schema)
      writtenColumns = plan.columns.filter(\.isWritten)
      upserts = writtenColumns.map { ArrayColumn(elementType: $0.type.elementOID) }
      keyColumns = plan.keyColumns
      deletes = keyColumns.map { ArrayColumn(elementType: $0.type.elementOID) }
    }
  }

  /// Takes in a batch; nil where a value does not fit its column, which is for the large path to put aside.
  init?(_ batch: borrowing Batch, plans: [TableID: TablePlan], schema: String) throws {
    var fields = WireBuffer(capacity: 1024)
    var bounds: [Int] = []
    let fits = try batch.withEntries { entries throws -> Bool in
      var tables: [TableID: Rows] = [:]
      var order: [TableID] = []
      while let entry = try entries.next() {
        let id = entry.table.id
        let rows: Rows
        if let known = tables[id] {
          rows = known
        } else {
          rows = try Rows(GroupApplier.plan(of: entry.table, among: plans), schema: schema)
          tables[id] = rows
          order.append(id)
        }
        // A table that is copied again goes the large way, however few its rows.
        if case .replaceTable = entry { return false }
        let isUpsert = if case .upsert = entry { true } else { false }
        let columns = isUpsert ? rows.plan.columns : rows.keyColumns
        fields.removeAll()
        bounds.removeAll(keepingCapacity: true)
        let codecs = isUpsert ? rows.codecs : rows.keyCodecs
        for (index, column) in columns.enumerated() {
          let value = try entries.value()
          if isUpsert, !column.isWritten { continue }
          if case .null = value, column.notNull {
            if isUpsert { return false }
          }
          bounds.append(fields.count)
          if Conversion.append(value, as: codecs[index], to: &fields) != nil { return false }
        }
        bounds.append(fields.count)
        let targets = isUpsert ? rows.upserts : rows.deletes
        for (index, target) in targets.enumerated() {
          target.append(field: UnsafeRawBufferPointer(rebasing: fields.bytes[bounds[index]..<bounds[index + 1]]))
        }
      }
      self.tables = tables
      self.order = order
      return true
    }
    if !fits { return nil }
  }

  /// Adds the statements: all deletes first, so that a value freed by one row can be taken by another.
  func add(to pipeline: inout Pipeline) throws {
    for id in order {
      guard let rows = tables[id], let first = rows.deletes.first, first.count > 0 else { continue }
      try pipeline.add(rows.sql.deleteArrays, Self.parameters(rows.deletes, rows.keyColumns))
    }
    for id in order {
      guard let rows = tables[id], let first = rows.upserts.first, first.count > 0 else { continue }
      try pipeline.add(rows.sql.upsertArrays, Self.parameters(rows.upserts, rows.writtenColumns))
    }
  }

  private static func parameters(_ arrays: [ArrayColumn], _ columns: [ColumnPlan]) -> Parameters {
    var parameters = Parameters(capacity: 1024)
    for (array, column) in zip(arrays, columns) {
      parameters.append(raw: array.finished(), oid: OID(column.type.arrayOID))
    }
    return parameters
  }
}

extension TargetType {
  /// The numbers in PostgreSQL's catalogue of the type that values travel as, and of its arrays.
  private var oids: (element: UInt32, array: UInt32) {
    switch self {
    case .smallint: (21, 1005)
    case .integer: (23, 1007)
    case .bigint: (20, 1016)
    case .real: (700, 1021)
    case .double: (701, 1022)
    case .numeric: (1700, 1231)
    case .boolean: (16, 1000)
    case .date: (1082, 1182)
    case .time: (1083, 1183)
    case .timestamp: (1114, 1115)
    case .timestamptz: (1184, 1185)
    case .uuid: (2950, 2951)
    case .json: (114, 199)
    case .jsonb: (3802, 3807)
    case .bytea: (17, 1001)
    case .text, .anyText, .keyText, .varchar, .char, .citext, .enumeration: (25, 1009)
    }
  }

  package var elementOID: UInt32 { oids.element }
  package var arrayOID: UInt32 { oids.array }
}
