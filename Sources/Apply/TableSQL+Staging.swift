import Model
import Schema

/// What is to become of a staged row's key.
enum StageOperation: Int16 {
  case upsert = 0
  case delete = 1
  /// Deleted on the target: the image is in the quarantine.
  case refuse = 2
}

/// Staging, for large groups.
extension TableSQL {
  /// Columns of a staging table beside the table's own.
  static let stageColumns = 3

  /// Ordinal in the group, operation, the table's own columns, and where the quarantine matters the key as that has it.
  var createStage: String {
    "CREATE TEMP TABLE \(stage) (o bigint, op smallint, \(stagedFields), k bytea) ON COMMIT DROP"
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
    let which = everything ? "" : " AND s.op <> \(StageOperation.upsert.rawValue)"
    return
      "DELETE FROM \(name) AS t USING \(stage) AS s WHERE \(match("s", plan.keyPositions.map { "c\($0)" }))\(which)"
  }

  /// Where all rows of a table are staged: deletes what is not among them.
  var deleteAbsent: String {
    """
    DELETE FROM \(name) AS t WHERE NOT EXISTS (SELECT FROM \(stage) AS s \
    WHERE \(match("s", plan.keyPositions.map { "c\($0)" })) AND s.\(Self.isUpsert))
    """
  }

  var upsertStaged: String { insert("SELECT \(values) FROM \(stage) WHERE \(Self.isUpsert)") + onConflict }

  /// Lets go of the quarantined keys whose last entry was not put there too. $1 is the source, $2 the table.
  /// - Parameter beside: whether `insertStagedOneByOne` has noted rows that were refused.
  func release(from quarantine: String, beside refused: Bool) -> String {
    let isRefused = "EXISTS (SELECT FROM \(Self.refused) AS r WHERE r.t = \(plan.id) AND r.o = s.o)"
    return """
      DELETE FROM \(quarantine) AS q USING (SELECT DISTINCT ON (k) k, op, o FROM \(stage) ORDER BY k, o DESC) AS s \
      WHERE q.source = $1 AND q.table_id = $2 AND q.digest = sha256(s.k) \
      AND s.op <> \(StageOperation.refuse.rawValue)\(refused ? " AND NOT \(isRefused)" : "")
      """
  }

  private static let refused = "_changeover_refused"
  private static let refusedFields = "(t bigint, o bigint, state text, by text, field text)"
  static let createRefused = "CREATE TEMP TABLE \(refused) \(refusedFields) ON COMMIT DROP"
  static let selectRefused =
    "SELECT o, state, coalesce(by, ''), coalesce(field, '') FROM \(refused) WHERE t = $1"

  /// Inserts what was staged; rows that the server refuses are noted with their SQLSTATE.
  var insertStagedOneByOne: String {
    """
    CREATE INDEX ON \(stage) (o) WHERE \(Self.isUpsert);
    \(oneByOne(from: stage, where: Self.isUpsert, notingIn: Self.refused))
    """
  }

  private static let isUpsert = "op = \(StageOperation.upsert.rawValue)"

  /// The fields of a staging table for the table's own columns.
  var stagedFields: String {
    plan.stagedPositions.map { position in
      let column = plan.columns[position]
      // Beside a column of another collation a second one would leave the server without any to compare by.
      let collation = column.type.isText && column.typeSQL == nil ? " COLLATE \"C\"" : ""
      return "c\(position) \(column.type.baseSQL)\(collation)"
    }.joined(separator: ", ")
  }

  /// Inserts the rows of a staging table in order of `o`; those that the server refuses are found by halving: a range that
  /// fails is tried again in smaller ones, down to the single row.
  /// - Parameter first: a statement that is tried before the insert of each range, up to its WHERE.
  func oneByOne(from stage: String, where filter: String, notingIn refused: String, first: String? = nil) -> String {
    let range = "\(filter) AND o >= low AND o < low + size"
    let block = """
      DECLARE
        low bigint; top bigint; size bigint := 4096; the_constraint text; the_column text;
      BEGIN
        SELECT min(o), max(o) INTO low, top FROM \(stage) WHERE \(filter);
        WHILE low <= top LOOP
          BEGIN
            \(first.map { "\($0) WHERE \(range);" } ?? "")
            \(insert("SELECT \(values) FROM \(stage) WHERE \(range)"));
            low := low + size;
            size := least(size * 4, 4096);
          EXCEPTION
            WHEN integrity_constraint_violation OR data_exception OR program_limit_exceeded OR raise_exception THEN
            IF size > 1 THEN
              size := size / 4;
            ELSE
              GET STACKED DIAGNOSTICS the_constraint = CONSTRAINT_NAME, the_column = COLUMN_NAME;
              INSERT INTO \(refused) VALUES (\(plan.id), low, SQLSTATE, the_constraint, the_column);
              low := low + 1;
            END IF;
          END;
        END LOOP;
      END
      """
    // As a literal: between dollars a name could end it.
    return "DO \(PostgresText.literal(block))"
  }
}
