import Model
import Postgres
import Schema

/// What PostgreSQL's catalogue says of the tables now, as far as draining depends on it.
struct FoundTarget: Sendable {
  struct Relation: Sendable {
    var oid: Int64
    var schema: String
    var name: String
    var isPartitioned: Bool
    var hasChildren: Bool
    /// Row security would hide rows from us.
    var hidesRows: Bool
    var isReadable: Bool
    /// Both triggers that record writes are there and always fire.
    var isRecorded: Bool
    /// The column numbers of each UNIQUE index over plain columns, sorted.
    var uniqueKeys: Set<[Int64]>
    var columns: [ColumnShape] = []

    var qualifiedName: String { PostgresText.identifier(schema, name) }
  }

  var relations: [Relation] = []
  /// Tables of the plan whose log is there.
  var logs: Set<TableID> = []

  /// Everything that `read` reads, in one number: a look that costs one query.
  static func fingerprint(_ query: Query, _ connection: inout Connection) throws -> String {
    try connection.query(query.fingerprint).string(0, 0)
  }

  static func read(_ query: Query, _ connection: inout Connection) throws -> FoundTarget {
    var found = FoundTarget()
    var places: [Int64: Int] = [:]
    let relations = try connection.query(query.relations)
    for row in 0..<relations.rowCount {
      let keys = try relations.string(row, 8).split(separator: ";").map {
        $0.split(separator: ",").compactMap { Int64($0) }
      }
      let relation = Relation(
        oid: try relations.int64(row, 0), schema: try relations.string(row, 1), name: try relations.string(row, 2),
        isPartitioned: try relations.string(row, 3) == "p", hasChildren: try relations.bool(row, 4),
        hidesRows: try relations.bool(row, 5), isReadable: try relations.bool(row, 6),
        isRecorded: try relations.int64(row, 7) == 2, uniqueKeys: Set(keys))
      places[relation.oid] = found.relations.count
      found.relations.append(relation)
    }
    let columns = try connection.query(query.columns)
    for row in 0..<columns.rowCount {
      guard let place = places[try columns.int64(row, 0)] else { continue }
      found.relations[place].columns.append(
        ColumnShape(
          number: try columns.int64(row, 1), name: try columns.string(row, 2), type: try columns.string(row, 3),
          form: try columns.string(row, 4)))
    }
    let logs = try connection.query(query.logs)
    for row in 0..<logs.rowCount where try logs.bool(row, 1) { found.logs.insert(TableID(try logs.int64(row, 0))) }
    return found
  }

  /// The statements, for a plan and the tables that it was drained from.
  struct Query: Sendable {
    let relations: String
    let columns: String
    let logs: String
    let fingerprint: String

    /// - Parameters:
    ///   - known: numbers of tables that may have moved to another schema.
    ///   - logs: the log of each table of the plan.
    ///   - ours: what names of tables in the schema begin with that are changeover's own; nil where they stand elsewhere.
    init(schema: String, known: [Int64], logs: [(id: TableID, name: String)], ours: String?) {
      let oids = known.map(String.init).joined(separator: ",")
      let wanted = """
        c.relkind IN ('r', 'p', 'f') AND (n.nspname = \(PostgresText.literal(schema)) OR c.oid = ANY ('{\(oids)}'::oid[]))
        """ + (ours.map { " AND NOT starts_with(c.relname::text, \(PostgresText.literal($0)))" } ?? "")
      relations = """
        SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
          EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS has_children,
          row_security_active(c.oid) AS hides_rows, has_table_privilege(c.oid, 'SELECT') AS is_readable,
          (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND tgenabled = 'A'
            AND tgname IN ('_changeover_capture', '_changeover_capture_truncate')) AS triggers,
          coalesce((SELECT string_agg(k.numbers, ';' ORDER BY k.numbers) FROM pg_index AS i CROSS JOIN LATERAL (
              SELECT string_agg(number::text, ',' ORDER BY number) AS numbers FROM unnest(i.indkey::int2[]) AS u (number)
            ) AS k
            WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
              AND i.indnatts = i.indnkeyatts), '') AS keys
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE \(wanted)
        """
      columns = """
        SELECT a.attrelid, a.attnum, a.attname::text AS name,
          concat_ws('/', a.atttypid, a.atttypmod, a.attcollation) AS type,
          CASE WHEN b.oid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) OR b.typname = 'citext'
            OR b.typtype = 'e' THEN 'text' ELSE b.oid::text END AS form
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
          JOIN pg_type AS t ON t.oid = a.atttypid
          JOIN pg_type AS b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
        WHERE \(wanted) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
        """
      let names = logs.map { "(\($0.id.rawValue)::int8, \(PostgresText.literal($0.name)))" }.joined(separator: ", ")
      self.logs = """
        SELECT l.id, to_regclass(l.name) IS NOT NULL AS is_there FROM (VALUES \(names)) AS l (id, name) ORDER BY l.id
        """
      func text(_ query: String, order: String) -> String {
        "coalesce((SELECT string_agg(q::text, ' ' ORDER BY \(order)) FROM (\(query)) AS q), '')"
      }
      fingerprint = """
        SELECT md5(\(text(relations, order: "q.oid"))) || md5(\(text(columns, order: "q.attrelid, q.attnum"))) \
        || md5(\(text(self.logs, order: "q.id")))
        """
    }
  }
}
