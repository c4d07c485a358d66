import Journal
import Model
import Postgres

/// Looking keys up.
extension Quarantine {
  /// Whether any row of a table is there.
  package func holdsRows(of table: TableID, _ connection: inout Connection) throws -> Bool {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: table.rawValue)
    return try connection.query(
      "SELECT EXISTS (SELECT FROM \(catalogue.quarantine) WHERE source = $1 AND table_id = $2)", parameters
    ).bool(0, 0)
  }

  /// Those of the keys that are there, each with whether a person discarded its row.
  package func discarded(
    among keys: [[Value]], of table: TableID, _ connection: inout Connection
  ) throws -> [[Value]: Bool] {
    var array = BinaryArray(elementOID: .bytea)
    for key in keys { array.append(bytes: ValueList.encode(key)) }
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: table.rawValue)
    parameters.append(array: array)
    let result = try connection.query(
      """
      SELECT q.key, q.discarded_at IS NOT NULL FROM unnest($3::bytea[]) AS k (key)
      JOIN \(catalogue.quarantine) AS q ON q.source = $1 AND q.table_id = $2 AND q.digest = sha256(k.key)
      """, parameters)
    var found: [[Value]: Bool] = [:]
    for row in 0..<result.rowCount {
      guard let key = ValueList.decode(try result.bytes(copying: row, 0)) else { continue }
      found[key] = try result.bool(row, 1)
    }
    return found
  }
}
