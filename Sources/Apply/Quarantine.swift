import Journal
import Model
import Postgres
import Schema

/// A row that the target does not take, with the reason.
package struct RefusedRow: Sendable {
  package let table: TablePlan
  package let key: [Value]
  package let image: [Value]
  /// The column at fault, where one is.
  package let column: String?
  package let reason: String

  package init(table: TablePlan, key: [Value], image: [Value], column: String?, reason: String) {
    self.table = table
    self.key = key
    self.image = image
    self.column = column
    self.reason = reason
  }

  /// The key as people read it.
  var keyText: String {
    key.map { value in
      switch value {
      case .null: "NULL"
      case .integer(let integer): String(integer)
      case .real(let bits): "\(Double(bitPattern: bits))"
      case .text(let bytes):
        String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
      case .blob(let bytes):
        "x'" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
      }
    }.joined(separator: ", ")
  }
}

/// The quarantine of one source. All of it happens inside the caller's transaction.
package struct Quarantine {
  private let catalogue: TargetCatalogue
  private let source: RandomID

  package init(_ catalogue: TargetCatalogue, _ source: RandomID) {
    self.catalogue = catalogue
    self.source = source
  }

  /// Lets go of the keys that a group brought anew, then takes in what it could not bring.
  func update(
    _ refused: [RefusedRow], clearing keys: [TableID: [[UInt8]]], _ connection: inout Connection
  ) throws {
    for (table, keys) in keys {
      var array = BinaryArray(elementOID: .bytea)
      for key in keys { array.append(bytes: key) }
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(int64: table.rawValue)
      parameters.append(array: array)
      _ = try connection.query(
        "DELETE FROM \(catalogue.quarantine) WHERE source = $1 AND table_id = $2 AND key = ANY ($3)", parameters)
    }
    try add(refused, &connection)
  }

  /// Takes rows in.
  package func add(_ refused: [RefusedRow], _ connection: inout Connection) throws {
    for row in refused {
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(int64: row.table.id.rawValue)
      parameters.append(text: row.table.sourceName)
      parameters.append(bytea: ValueList.encode(row.key))
      parameters.append(text: row.keyText)
      if let column = row.column { parameters.append(text: column) } else { parameters.append(null: .text) }
      parameters.append(text: row.reason)
      parameters.append(bytea: ValueList.encode(row.image))
      _ = try connection.query(
        """
        INSERT INTO \(catalogue.quarantine) AS q
          (source, table_id, table_name, key, key_text, column_name, reason, image)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (source, table_id, key) DO UPDATE
          SET column_name = EXCLUDED.column_name, reason = EXCLUDED.reason, image = EXCLUDED.image, last_seen = now()
        """, parameters)
    }
  }
}
