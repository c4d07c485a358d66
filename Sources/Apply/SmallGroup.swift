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
    let upserts: [ArrayColumn]
    let deletes: [ArrayColumn]

    init(_ plan: TablePlan, schema: String) {
      self.plan = plan
      sql = TableSQL(plan, schema: schema)
      upserts = plan.columns.map { ArrayColumn(elementType: $0.type.elementOID) }
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
          rows = Rows(try GroupApplier.plan(of: entry.table, among: plans), schema: schema)
          tables[id] = rows
          order.append(id)
        }
        let isUpsert = if case .upsert = entry { true } else { false }
        let columns = isUpsert ? rows.plan.columns : rows.keyColumns
        fields.removeAll()
        bounds.removeAll(keepingCapacity: true)
        for column in columns {
          let value = try entries.value()
          if case .null = value, column.notNull {
            if isUpsert { return false }
          }
          bounds.append(fields.count)
          if Conversion.append(value, as: column.type, to: &fields) != nil { return false }
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
      try pipeline.add(rows.sql.upsertArrays, Self.parameters(rows.upserts, rows.plan.columns))
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
  /// The type's number in PostgreSQL's catalogue.
  var elementOID: UInt32 {
    switch self {
    case .bigint: OID.int8.rawValue
    case .double: OID.float8.rawValue
    case .text, .anyText, .keyText: OID.text.rawValue
    case .bytea: OID.bytea.rawValue
    }
  }

  var arrayOID: UInt32 {
    switch self {
    case .bigint: OID.int8Array.rawValue
    case .double: OID.float8Array.rawValue
    case .text, .anyText, .keyText: OID.textArray.rawValue
    case .bytea: OID.byteaArray.rawValue
    }
  }
}
