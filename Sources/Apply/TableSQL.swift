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

  /// Columns of a staging table beside the table's own.
  static let stageColumns = 3

  /// Ordinal in the group, operation, the table's own columns, and where the quarantine matters the key as that has it.
  var createStage: String {
    let fields = plan.columns.enumerated().map { "c\($0) \($1.type.sql)" }.joined(separator: ", ")
    return "CREATE TEMP TABLE \(stage) (o bigint, op smallint, \(fields), k bytea) ON COMMIT DROP"
  }

  var copyStage: String { "COPY \(stage) FROM STDIN (FORMAT binary)" }

  /// Where keys may repeat inside the group the last image counts.
  var keepLastInStage: String {
    let names = plan.keyPositions.map { "c\($0)" }
    let match = names.map { "s.\($0) = n.\($0)" }.joined(separator: " AND ")
    let list = names.joined(separator: ", ")
    return """
      DELETE FROM \(stage) AS s USING (SELECT \(list), max(o) AS last FROM \(stage) GROUP BY \(list)) AS n \
      WHERE \(match) AND s.o < n.last
      """
  }

  /// Deletes first, so that a value freed by one row can be taken by another. Of `everything` the upserts' keys go
  /// too: rows that swap a unique value pass only so.
  func deleteStaged(everything: Bool) -> String {
    let match = zip(keys, plan.keyPositions).map { "t.\($0) = s.c\($1)" }.joined(separator: " AND ")
    let which = everything ? "" : " AND s.op <> \(StageOperation.upsert.rawValue)"
    return "DELETE FROM \(name) AS t USING \(stage) AS s WHERE \(match)\(which)"
  }

  var upsertStaged: String { insert("SELECT \(staged) FROM \(stage) WHERE \(Self.isUpsert)") + onConflict }

  /// Lets go of the quarantined keys whose last entry was not put there too. $1 is the source, $2 the table.
  func release(from quarantine: String) -> String {
    """
    DELETE FROM \(quarantine) AS q USING (SELECT DISTINCT ON (k) k, op FROM \(stage) ORDER BY k, o DESC) AS s \
    WHERE q.source = $1 AND q.table_id = $2 AND q.digest = sha256(s.k) AND s.op <> \(StageOperation.refuse.rawValue)
    """
  }

  static let createRefused =
    "CREATE TEMP TABLE _changeover_refused (t bigint, o bigint, state text, by text) ON COMMIT DROP"
  static let selectRefused = "SELECT o, state, coalesce(by, '') FROM _changeover_refused WHERE t = $1"

  /// Inserts what was staged; rows that the server refuses are noted with their SQLSTATE.
  ///
  /// They are found by halving: a range that fails is tried again in smaller ones, down to the single row.
  var insertStagedOneByOne: String {
    """
    CREATE INDEX ON \(stage) (o) WHERE \(Self.isUpsert);
    DO $changeover$
    DECLARE
      low bigint; top bigint; size bigint := 4096; the_constraint text;
    BEGIN
      SELECT min(o), max(o) INTO low, top FROM \(stage) WHERE \(Self.isUpsert);
      WHILE low <= top LOOP
        BEGIN
          \(insert("SELECT \(staged) FROM \(stage) WHERE \(Self.isUpsert) AND o >= low AND o < low + size"));
          low := low + size;
          size := least(size * 4, 4096);
        EXCEPTION WHEN integrity_constraint_violation OR data_exception OR program_limit_exceeded THEN
          IF size > 1 THEN
            size := size / 4;
          ELSE
            GET STACKED DIAGNOSTICS the_constraint = CONSTRAINT_NAME;
            INSERT INTO _changeover_refused VALUES (\(plan.id), low, SQLSTATE, the_constraint);
            low := low + 1;
          END IF;
        END;
      END LOOP;
    END
    $changeover$
    """
  }

  private static let isUpsert = "op = \(StageOperation.upsert.rawValue)"

  private var staged: String { columns.indices.map { "c\($0)" }.joined(separator: ", ") }

  private func insert(_ select: String) -> String { "INSERT INTO \(name) AS t (\(columnList)) \(select)" }

  /// SET takes the key's columns too: equal to the index is not always the same value. A row that is byte for byte
  /// what it was stays untouched (`*<>` compares images; IS DISTINCT FROM would take −0.0 for 0.0).
  private var onConflict: String {
    let set = columns.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
    return " ON CONFLICT (\(keys.joined(separator: ", "))) DO UPDATE SET \(set) WHERE t.* *<> EXCLUDED.*"
  }

  private func arrays(_ columns: [ColumnPlan]) -> String {
    columns.enumerated().map { "$\($0 + 1)::\($1.type.baseSQL)[]" }.joined(separator: ", ")
  }
}

/// What is to become of a staged row's key.
enum StageOperation: Int16 {
  case upsert = 0
  case delete = 1
  /// Deleted on the target: the image is in the quarantine.
  case refuse = 2
}
