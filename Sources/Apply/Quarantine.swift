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

  /// The key as people read it; a long one is cut.
  var keyText: String {
    let values = key.map { value in
      switch value {
      case .null: "NULL"
      case .integer(let integer): String(integer)
      case .real(let bits): "\(Double(bitPattern: bits))"
      case .text(let bytes):
        String(decoding: bytes.prefix(Self.longest + 1).filter { $0 != 0 }, as: UTF8.self)
      case .blob(let bytes):
        "x'" + bytes.prefix(Self.longest + 1).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
      }
    }
    let text = values.joined(separator: ", ")
    return text.count > Self.longest ? text.prefix(Self.longest) + "…" : text
  }

  private static let longest = 200

  /// About what it takes in memory.
  var byteCount: Int {
    image.reduce(256) { sum, value in
      switch value {
      case .text(let bytes), .blob(let bytes): sum + 32 + bytes.count
      case .null, .integer, .real: sum + 32
      }
    }
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

  /// Takes rows in, in one round trip.
  package func add(_ refused: [RefusedRow], _ connection: inout Connection) throws {
    if refused.isEmpty { return }
    var parameters = Parameters()
    _ = try connection.pipeline { pipeline in
      for row in refused {
        parameters.removeAll()
        parameters.append(uuid: source)
        parameters.append(int64: row.table.id.rawValue)
        parameters.append(text: row.table.sourceName)
        parameters.append(bytea: ValueList.encode(row.key))
        parameters.append(text: row.keyText)
        if let column = row.column { parameters.append(text: column) } else { parameters.append(null: .text) }
        parameters.append(text: row.reason)
        parameters.append(bytea: ValueList.encode(row.image))
        try pipeline.add(insertion, parameters)
      }
    }
  }

  private var insertion: String {
    """
    INSERT INTO \(catalogue.quarantine) AS q
      (source, table_id, table_name, key, digest, key_text, column_name, reason, image)
    VALUES ($1, $2, $3, $4, sha256($4), $5, $6, $7, $8)
    ON CONFLICT (source, table_id, digest) DO UPDATE
      SET column_name = EXCLUDED.column_name, reason = EXCLUDED.reason, image = EXCLUDED.image, last_seen = now()
    """
  }

  /// Lets go of the keys that came anew with what was staged for a table.
  func release(_ table: TablePlan, staged sql: TableSQL, _ connection: inout Connection) throws {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: table.id.rawValue)
    _ = try connection.query(sql.release(from: catalogue.quarantine), parameters)
  }

  /// How many rows there are, and how many of them this transaction put there.
  func count(_ connection: inout Connection) throws -> (all: Int64, new: Int64) {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      "SELECT count(*), count(*) FILTER (WHERE last_seen = now()) FROM \(catalogue.quarantine) WHERE source = $1",
      parameters)
    return (try result.int64(0, 0), try result.int64(0, 1))
  }
}
