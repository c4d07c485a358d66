import Model
import Schema

/// The statements that write to one target table.
struct TableSQL: Sendable {
  let name: String
  /// Name of the staging table of a large group.
  let stage: String
  private let plan: TablePlan
  private let columns: [String]
  private let keys: [String]

  init(_ plan: TablePlan, schema: String) {
    self.plan = plan
    name = PostgresText.identifier(schema, plan.targetName)
    stage = "_changeover_stage_\(plan.id)"
    columns = plan.columns.map { PostgresText.identifier($0.targetName) }
    keys = plan.keyColumns.map { PostgresText.identifier($0.targetName) }
  }

  var columnList: String { columns.joined(separator: ", ") }

  var copy: String { "COPY \(name) (\(columnList)) FROM STDIN (FORMAT binary)" }

  /// Upserts rows that come as one array a column.
  var upsertArrays: String { insert("SELECT * FROM unnest(\(arrays(plan.columns)))") + onConflict }

  /// Deletes the keys that come as one array a key column.
  var deleteArrays: String {
    let aliases = keys.indices.map { "k\($0)" }
    let match = zip(keys, aliases).map { "t.\($0) = k.\($1)" }.joined(separator: " AND ")
    return """
      DELETE FROM \(name) AS t USING unnest(\(arrays(plan.keyColumns))) AS k (\(aliases.joined(separator: ", "))) \
      WHERE \(match)
      """
  }

  // MARK: Staging, for large groups

  /// Columns: ordinal in the group, whether it is a delete, then the table's own.
  var createStage: String {
    let fields = plan.columns.enumerated().map { "c\($0) \($1.type.sql)" }
    return "CREATE TEMP TABLE \(stage) (o bigint, d boolean, \(fields.joined(separator: ", "))) ON COMMIT DROP"
  }

  var copyStage: String { "COPY \(stage) FROM STDIN (FORMAT binary)" }

  /// Where keys may repeat inside the group the last image counts.
  var keepLastInStage: String {
    "DELETE FROM \(stage) AS s USING \(stage) AS n WHERE n.o > s.o AND \(match("s", "n"))"
  }

  /// Deletes first, so that a value freed by one row can be taken by another. Of `everything` the upserts' keys go
  /// too: rows that swap a unique value pass only so.
  func deleteStaged(everything: Bool) -> String {
    let match = zip(keys, plan.keyPositions).map { "t.\($0) = s.c\($1)" }.joined(separator: " AND ")
    return "DELETE FROM \(name) AS t USING \(stage) AS s WHERE \(match)\(everything ? "" : " AND s.d")"
  }

  var upsertStaged: String { insert("SELECT \(staged) FROM \(stage) WHERE NOT d") + onConflict }

  /// Inserts what was staged row by row; what the server refuses is marked with its SQLSTATE in `refused`.
  var insertStagedOneByOne: String {
    """
    ALTER TABLE \(stage) ADD COLUMN refused text, ADD COLUMN refused_by text;
    DO $changeover$
    DECLARE the_ordinal bigint; the_constraint text;
    BEGIN
      FOR the_ordinal IN SELECT o FROM \(stage) WHERE NOT d ORDER BY o LOOP
        BEGIN
          \(insert("SELECT \(staged) FROM \(stage) WHERE o = the_ordinal"));
        EXCEPTION WHEN integrity_constraint_violation OR data_exception OR program_limit_exceeded THEN
          GET STACKED DIAGNOSTICS the_constraint = CONSTRAINT_NAME;
          UPDATE \(stage) SET refused = SQLSTATE, refused_by = the_constraint WHERE o = the_ordinal;
        END;
      END LOOP;
    END
    $changeover$
    """
  }

  var selectRefused: String {
    "SELECT o, refused, coalesce(refused_by, '') FROM \(stage) WHERE refused IS NOT NULL ORDER BY o"
  }

  private var staged: String { columns.indices.map { "c\($0)" }.joined(separator: ", ") }

  private func insert(_ select: String) -> String { "INSERT INTO \(name) AS t (\(columnList)) \(select)" }

  /// SET takes the key's columns too: equal to the index is not always the same value. A row that is byte for byte
  /// what it was stays untouched (`*<>` compares images; IS DISTINCT FROM would take −0.0 for 0.0).
  private var onConflict: String {
    let set = columns.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
    return " ON CONFLICT (\(keys.joined(separator: ", "))) DO UPDATE SET \(set) WHERE t.* *<> EXCLUDED.*"
  }

  private func match(_ a: String, _ b: String) -> String {
    plan.keyPositions.map { "\(a).c\($0) = \(b).c\($0)" }.joined(separator: " AND ")
  }

  private func arrays(_ columns: [ColumnPlan]) -> String {
    columns.enumerated().map { "$\($0 + 1)::\($1.type.baseSQL)[]" }.joined(separator: ", ")
  }
}
