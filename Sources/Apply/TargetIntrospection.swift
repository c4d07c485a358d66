import FoundationEssentials
import Model
import Postgres
import Schema

/// Reads what stands in a schema of the target, a query for each kind of thing and not for each table.
package struct TargetIntrospection {
  private let schema: String
  private var tables: [FoundTable] = []
  private var places: [Int64: Int] = [:]

  private init(schema: String) { self.schema = schema }

  /// Everything under a table's name in the schema, in the order of the names.
  package static func read(schema: String, _ connection: inout Connection) throws -> [FoundTable] {
    do {
      try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; \(connection.localSettings)")
      let tables = try readInside(schema: schema, &connection)
      try connection.execute("COMMIT")
      return tables
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// The same in the caller's transaction, whose search_path it changes.
  static func readInside(schema: String, _ connection: inout Connection) throws -> [FoundTable] {
    var introspection = TargetIntrospection(schema: schema)
    // So the server qualifies every name that it writes, but for those of temporary tables.
    try connection.execute("SET LOCAL search_path = pg_catalog")
    try introspection.readTables(&connection)
    try introspection.readColumns(&connection)
    try introspection.readIndexes(&connection)
    try introspection.readConstraints(&connection)
    try introspection.readTriggers(&connection)
    return introspection.tables
  }

  /// Which of the tables hold rows; those that this role may not read are taken for empty.
  package static func noteRows(
    in tables: inout [FoundTable], named names: Set<String>, schema: String, _ connection: inout Connection
  ) throws {
    let places = tables.indices.filter { names.contains(tables[$0].name) && tables[$0].isOwned }
    guard !places.isEmpty else { return }
    let looks = places.map {
      "SELECT \($0)::int8, EXISTS (SELECT FROM \(PostgresText.identifier(schema, tables[$0].name)))"
    }
    let result = try connection.query(looks.joined(separator: " UNION ALL "))
    for row in 0..<result.rowCount { tables[Int(try result.int64(row, 0))].hasRows = try result.bool(row, 1) }
  }

  private func query(_ sql: String, _ connection: inout Connection) throws(PostgresError) -> QueryResult {
    var parameters = Parameters()
    parameters.append(text: schema)
    return try connection.query(sql, parameters)
  }

  private mutating func readTables(_ connection: inout Connection) throws {
    let result = try query(
      """
      SELECT c.oid, c.relname::text, c.relkind::text, pg_get_userbyid(c.relowner)::text,
        pg_has_role(c.relowner, 'USAGE'), c.relforcerowsecurity, c.relhasrules,
        c.relispartition OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname
      """, &connection)
    for row in 0..<result.rowCount {
      guard let kind = FoundTable.Kind(rawValue: try result.string(row, 2)) else { continue }
      var table = FoundTable(name: try result.string(row, 1), kind: kind, owner: try result.string(row, 3))
      table.isOwned = try result.bool(row, 4)
      table.hidesRows = try result.bool(row, 5)
      table.hasRules = try kind == .table && result.bool(row, 6)
      table.isInherited = try result.bool(row, 7)
      places[try result.int64(row, 0)] = tables.count
      tables.append(table)
    }
  }

  private mutating func readColumns(_ connection: inout Connection) throws {
    let result = try query(
      """
      SELECT a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod), b.name, b.of_the_system, b.kind,
        b.modifier, a.attnotnull OR b.not_null, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text,
        a.attgenerated <> '', co.collname::text, coalesce(co.collisdeterministic, true),
        (SELECT quote_ident(sn.nspname) || '.' || quote_ident(s.relname)
          FROM pg_depend AS p JOIN pg_class AS s ON s.relkind = 'S' AND s.oid =
            CASE WHEN p.classid = 'pg_attrdef'::regclass THEN p.refobjid ELSE p.objid END
          JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
          WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
            OR p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
              AND p.refobjsubid = a.attnum AND p.deptype = 'i'
          LIMIT 1)
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_collation AS co ON co.oid = a.attcollation
        CROSS JOIN LATERAL (
          WITH RECURSIVE chain (type, modifier, not_null, depth) AS (
            SELECT a.atttypid, a.atttypmod, false, 0
            UNION ALL
            SELECT t.typbasetype, t.typtypmod, chain.not_null OR t.typnotnull, depth + 1
            FROM chain JOIN pg_type AS t ON t.oid = chain.type WHERE t.typtype = 'd')
          SELECT t.typname::text AS name, t.typnamespace = 'pg_catalog'::regnamespace AS of_the_system,
            t.typtype::text AS kind, chain.modifier, chain.not_null
          FROM chain JOIN pg_type AS t ON t.oid = chain.type ORDER BY depth DESC LIMIT 1) AS b
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attrelid, a.attnum
      """, &connection)
    for row in 0..<result.rowCount {
      guard let place = places[try result.int64(row, 0)] else { continue }
      let type = TargetType(
        catalogued: try result.string(row, 3), isOfTheSystem: try result.bool(row, 4),
        isEnumeration: try result.string(row, 5) == "e", modifier: try result.int32(row, 6))
      var column = FoundColumn(try result.string(row, 1), try result.string(row, 2), as: type)
      column.notNull = try result.bool(row, 7)
      column.defaultSQL = try result.stringOrNil(row, 8)
      let identity = try result.string(row, 9)
      column.isIdentity = !identity.isEmpty
      column.isAlwaysIdentity = identity == "a"
      column.isGenerated = try result.bool(row, 10)
      column.collation = try result.stringOrNil(row, 11)
      column.isDeterministic = try result.bool(row, 12)
      column.sequence = try result.stringOrNil(row, 13)
      tables[place].columns.append(column)
    }
  }

  private mutating func readIndexes(_ connection: inout Connection) throws {
    let result = try query(
      """
      SELECT i.indrelid, ci.relname::text, i.indisprimary, i.indisunique,
        i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL,
        (SELECT json_agg(a.attname ORDER BY k.place)::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number WHERE k.place <= i.indnkeyatts),
        (SELECT string_agg(
            CASE WHEN a.attname IS NULL THEN pg_get_indexdef(i.indexrelid, k.place::int, true)
              ELSE '"' || replace(a.attname, '"', '""') || '"' END
              || CASE WHEN i.indoption[k.place - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY k.place)
          FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
          LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0
          WHERE k.place <= i.indnkeyatts),
        pg_get_expr(i.indpred, i.indrelid)
      FROM pg_index AS i JOIN pg_class AS ci ON ci.oid = i.indexrelid JOIN pg_class AS c ON c.oid = i.indrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 ORDER BY i.indrelid, ci.relname
      """, &connection)
    for row in 0..<result.rowCount {
      guard let place = places[try result.int64(row, 0)] else { continue }
      var index = FoundIndex(try result.string(row, 1), terms: try result.stringOrNil(row, 6) ?? "")
      index.isPrimaryKey = try result.bool(row, 2)
      index.isUnique = try result.bool(row, 3)
      index.isKey = try result.bool(row, 4)
      index.columns = try Self.names(result.stringOrNil(row, 5))
      index.predicate = try result.stringOrNil(row, 7)
      tables[place].indexes.append(index)
    }
  }

  private mutating func readConstraints(_ connection: inout Connection) throws {
    func name(_ table: String) -> String { "'\"' || replace(\(table), '\"', '\"\"') || '\"'" }
    func columns(_ keys: String, of table: String) -> String {
      """
      (SELECT json_agg(a.attname ORDER BY k.place)::text FROM unnest(\(keys)) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute AS a ON a.attrelid = \(table) AND a.attnum = k.number)
      """
    }
    let result = try query(
      """
      SELECT o.conrelid, o.confrelid, o.contype::text, o.conname::text, pg_get_constraintdef(o.oid), o.convalidated,
        \(name("n.nspname")) || '.' || \(name("c.relname")), c.relname::text, pg_has_role(c.relowner, 'USAGE'),
        c.relkind = 'p', \(name("pn.nspname")) || '.' || \(name("p.relname")), \(columns("o.conkey", of: "o.conrelid")),
        \(columns("o.confkey", of: "o.confrelid")), pg_get_expr(o.conbin, o.conrelid)
      FROM pg_constraint AS o JOIN pg_class AS c ON c.oid = o.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_class AS p ON p.oid = o.confrelid LEFT JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
      WHERE o.contype IN ('c', 'f') AND o.conparentid = 0 AND $1 IN (n.nspname, pn.nspname)
      ORDER BY n.nspname, c.relname, o.conname
      """, &connection)
    for row in 0..<result.rowCount {
      let child = try result.int64(row, 0)
      let constraint = try result.string(row, 3)
      guard try result.string(row, 2) == "f" else {
        guard let place = places[child] else { continue }
        tables[place].checks.append(CheckPlan(name: constraint, expression: try result.stringOrNil(row, 13) ?? ""))
        continue
      }
      let key = KeptForeignKey(
        name: constraint, table: try result.string(row, 6), tableName: try result.string(row, 7),
        isOwned: try result.bool(row, 8), isPartitioned: try result.bool(row, 9), definition: try result.string(row, 4),
        isValid: try result.bool(row, 5), columns: try Self.names(result.stringOrNil(row, 11)),
        parentTable: try result.string(row, 10), parentColumns: try Self.names(result.stringOrNil(row, 12)))
      if let place = places[child] { tables[place].foreignKeys.append(key) }
      let parent = try result.int64(row, 1)
      if parent != child, let place = places[parent] { tables[place].referencing.append(key) }
    }
  }

  private mutating func readTriggers(_ connection: inout Connection) throws {
    let result = try query(
      """
      SELECT t.tgrelid, t.tgname::text, t.tgenabled::text
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND NOT t.tgisinternal AND t.tgname NOT LIKE '\\_changeover\\_%' ORDER BY t.tgrelid, t.tgname
      """, &connection)
    for row in 0..<result.rowCount {
      guard let place = places[try result.int64(row, 0)],
        let state = KeptTrigger.State(rawValue: try result.string(row, 2))
      else { continue }
      tables[place].triggers.append(KeptTrigger(name: try result.string(row, 1), state: state))
    }
  }

  /// A JSON array of names.
  private static func names(_ json: String?) throws -> [String] {
    guard let json else { return [] }
    return try JSONDecoder().decode([String].self, from: Data(json.utf8))
  }
}
