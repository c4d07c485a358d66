import Model
import Schema

/// Rows on trial: those of a copy whose COPY was refused, and those of the quarantine that are tried again.
extension TableSQL {
  /// Columns of a trial's table beside the table's own.
  static let trialColumns = 4

  private var tried: String { "\(trial)_refused" }
  private var probe: String { "\(trial)_key" }

  /// Ordinal, the table's own columns, and the key, its text and the image as the quarantine has them. Keys go through an
  /// index of that name first: the table's is not built while it is copied, and takes no entry over 2,700 bytes.
  var createTrial: String {
    """
    CREATE TEMP TABLE \(trial) (o bigint, \(stagedFields), k bytea, key_text text, image bytea) ON COMMIT DROP;
    CREATE TEMP TABLE \(tried) (t bigint, o bigint, state text, by text, field text) ON COMMIT DROP;
    CREATE TEMP TABLE \(probe) ON COMMIT DROP AS SELECT \(keys.joined(separator: ", ")) FROM \(name) WHERE false;
    CREATE INDEX \(PostgresText.identifier(plan.keyName)) ON \(probe) (\(keys.joined(separator: ", ")))
    """
  }

  var dropTrial: String { "DROP TABLE \(trial), \(tried), \(probe)" }

  var copyTrial: String { "COPY \(trial) FROM STDIN (FORMAT binary)" }

  var insertTried: String {
    """
    CREATE INDEX ON \(trial) (o);
    \(oneByOne(from: trial, where: "true", notingIn: tried, first: "INSERT INTO \(probe) SELECT \(keyValues) FROM \(trial)"))
    """
  }

  private var keyValues: String {
    zip(plan.keyColumns, plan.keyPositions).map { column, position in
      if column.type == .enumeration, let type = column.typeSQL { return "c\(position)::\(type)" }
      return "c\(position)"
    }.joined(separator: ", ")
  }

  /// Puts the rows that were refused into the quarantine. $1 is the source, $2 the table, $3 its name.
  func quarantineTried(in quarantine: String) -> String {
    """
    INSERT INTO \(quarantine) AS q
      (source, table_id, table_name, key, digest, key_text, column_name, reason, state, image)
    SELECT $1, $2, $3, s.k, sha256(s.k), s.key_text, \(sourceColumn), \(reason), r.state, s.image
    FROM \(trial) AS s JOIN \(tried) AS r ON r.o = s.o
    \(Quarantine.onConflict)
    """
  }

  /// Lets go of the rows that were not refused. $1 is the source, $2 the table.
  func releaseTried(from quarantine: String) -> String {
    """
    DELETE FROM \(quarantine) AS q USING \(trial) AS s WHERE q.source = $1 AND q.table_id = $2 \
    AND q.digest = sha256(s.k) AND NOT EXISTS (SELECT FROM \(tried) AS r WHERE r.o = s.o)
    """
  }

  /// The column that the server named, as the source calls it.
  private var sourceColumn: String {
    let names = plan.columns.map {
      "WHEN \(PostgresText.literal($0.targetName)) THEN \(PostgresText.literal($0.sourceName))"
    }
    return "CASE r.field \(names.joined(separator: " ")) END"
  }

  private var reason: String {
    let constraint = "coalesce(' (constraint ' || nullif(r.by, '') || ')', '')"
    return "'\(RefusedRow.refusal)' || r.state || \(constraint)"
  }
}
