import Apply
import Model
import Postgres
import Schema

/// The statements that read one target table; `t` is the table in all of them.
struct TargetQueries: Sendable {
  let fields: [FieldSQL]
  private let sql: TableSQL
  /// Rows of tables that inherit from it are not the table's own.
  private let only: String
  private let from: String
  private let plan: TablePlan
  private let keys: [String]
  private let keyFields: [FieldSQL]
  private let rowHash: String
  private let keyHash: String
  private let seed: String

  /// - Parameter seed: makes the hashes of each comparison others, so that what two rows have in common by chance they
  ///   have in common once.
  init(_ comparison: TableComparison, seed: UInt64) {
    let plan = comparison.plan
    self.plan = plan
    sql = TableSQL(plan, schema: comparison.schema)
    only = comparison.settings.leavesOutChildren ? "ONLY " : ""
    from = "FROM \(only)\(sql.name) AS t"
    let columns = comparison.table.columns
    fields = plan.columns.enumerated().map { index, column in
      FieldSQL(column, affinity: index < columns.count ? columns[index].affinity : .integer)
    }
    keyFields = plan.keyPositions.map { [fields] in fields[$0] }
    keys = sql.keys.map { "t.\($0)" }
    self.seed = Self.literal(seed)
    let elements = fields.map { [seed = self.seed] in $0.element(seed: seed) }.joined(separator: ", ")
    rowHash =
      "pg_catalog.hashint4extended(0, pg_catalog.hash_array_extended(ARRAY[\(elements)], \(self.seed)))"
    let keyElements = keyFields.map { $0.keyElement(seed: Self.literal(0)) }.joined(separator: ", ")
    keyHash = "pg_catalog.hash_array_extended(ARRAY[\(keyElements)], \(Self.literal(0)))"
  }

  private static func literal(_ seed: UInt64) -> String { "'\(Int64(bitPattern: seed))'::int8" }

  private var sums: String { "count(*), coalesce(sum(\(rowHash)), 0)::text" }

  /// Whether the server's hashes are those of `Lookup3`, in one byte order or the other.
  static let probe = """
    SELECT pg_catalog.hashint4extended(0,
      pg_catalog.hash_array_extended(ARRAY['\\x0102030405060708090a0b0c0d0e0f'::bytea, NULL, ''], 42))
    """

  // MARK: By ranges of keys

  /// Count and sum of the rows in a range.
  func sums(_ range: KeyRange) -> BoundQuery {
    BoundQuery(sql: "SELECT \(sums) \(from)\(condition(range))", parameters: parameters(range))
  }

  /// Key fields and hash of rows in a range, in key order.
  func rows(_ range: KeyRange, limit: Int) -> BoundQuery {
    let columns = (keyFields.map(\.keySent) + [rowHash]).joined(separator: ", ")
    let order = keys.joined(separator: ", ")
    return BoundQuery(
      sql: "SELECT \(columns) \(from)\(condition(range)) ORDER BY \(order) LIMIT \(limit)",
      parameters: parameters(range))
  }

  private func condition(_ range: KeyRange) -> String {
    var conditions: [String] = []
    var count = 0
    for (bound, comparison) in [(range.lower, ">"), (range.upper, "<=")] where bound != nil {
      let places = keys.indices.map { "$\(count + $0 + 1)" }.joined(separator: ", ")
      conditions.append("(\(keys.joined(separator: ", "))) \(comparison) (\(places))")
      count += keys.count
    }
    return conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
  }

  private func parameters(_ range: KeyRange) -> Parameters {
    var parameters = Parameters(capacity: 64)
    for bound in [range.lower, range.upper] {
      for (field, column) in zip(bound?.fields ?? [], plan.keyColumns) {
        field.withUnsafeBytes { parameters.append(raw: $0, oid: OID(column.type.elementOID)) }
      }
    }
    return parameters
  }

  // MARK: By hashes of keys

  /// Bucket, count and sum of the rows of a division, by bucket.
  func buckets(_ division: Division) -> String {
    "SELECT (\(bucket))::int4, \(sums) \(from) WHERE \(condition(division)) GROUP BY 1"
  }

  /// Key hash and row hash of the rows in some buckets.
  func hashes(_ division: Division, in buckets: [Int]) -> String {
    copy([keyHash, rowHash], division, buckets)
  }

  /// Key hash and key fields of the rows in some buckets.
  func keys(_ division: Division, in buckets: [Int]) -> String {
    copy([keyHash] + keyFields.map(\.keySent), division, buckets)
  }

  private func copy(_ columns: [String], _ division: Division, _ buckets: [Int]) -> String {
    let list = buckets.map { String($0) }.joined(separator: ",")
    return """
      COPY (SELECT \(columns.joined(separator: ", ")) \(from) WHERE \(condition(division)) \
      AND (\(bucket)) = ANY ('{\(list)}'::int8[])) TO STDOUT (FORMAT binary)
      """
  }

  private var bucket: String { "\(keyHash) >> \(Division.bucketShift) & \(Division.buckets - 1)" }

  private func condition(_ division: Division) -> String {
    "(\(keyHash) & \(Division.end - 1)) BETWEEN \(division.start) AND \(division.end - 1)"
  }

  // MARK: By keys

  /// For keys by their fields: which of them there is, by its number in the list from 1, its row's hash column by column,
  /// the same of decimals with the zeros that they show, and, where asked for, its values as text.
  func rows(ofKeys keys: [[[UInt8]]], withValues: Bool) -> BoundQuery {
    var parameters = Parameters(capacity: 4_096)
    var types: [String] = []
    for (index, column) in plan.keyColumns.enumerated() {
      var array = BinaryArray(elementOID: OID(column.type.elementOID))
      for key in keys { array.append(bytes: key[index]) }
      parameters.append(array: array, oid: OID(column.type.arrayOID))
      types.append("$\(parameters.count)::\(column.type.baseSQL)[]")
    }
    let names = types.indices.map { "k\($0)" }
    let hashes = fields.map { "pg_catalog.hash_array_extended(ARRAY[\($0.element(seed: seed))], \(seed))" }
    let shown = fields.map { field in
      field.shown.map { "pg_catalog.hash_array_extended(ARRAY[\($0)], \(seed))" } ?? "NULL::int8"
    }
    let texts = withValues ? ", ARRAY[\(fields.map(\.text).joined(separator: ", "))]" : ""
    return BoundQuery(
      sql: """
        SELECT k.number, ARRAY[\(hashes.joined(separator: ", "))], ARRAY[\(shown.joined(separator: ", "))]\(texts)
        FROM unnest(\(types.joined(separator: ", "))) WITH ORDINALITY AS k (\(names.joined(separator: ", ")), number)
        JOIN \(only)\(sql.name) AS t ON \(sql.match("k", names))
        """, parameters: parameters)
  }

  /// The key columns as text, of the row whose key fields are these: for keys that the source could not have.
  func keyTexts(_ fields: [[UInt8]]) -> BoundQuery {
    var parameters = Parameters()
    var texts: [String] = []
    for (field, column) in zip(fields, plan.keyColumns) {
      field.withUnsafeBytes { parameters.append(raw: $0, oid: OID(column.type.elementOID)) }
      texts.append("$\(parameters.count)::text")
    }
    return BoundQuery(sql: "SELECT \(texts.joined(separator: ", "))", parameters: parameters)
  }
}
