import Model
import Schema

/// The statements that write to one target table.
///
/// Values travel as `TargetType.baseSQL`, in columns `c0`, `c1` and so on of arrays and staging tables; the table's own
/// types are put on by assignment.
package struct TableSQL: Sendable {
  package let name: String
  /// Name of the staging table of a large group.
  let stage: String
  /// Name of the staging table of rows on trial.
  let trial: String
  let plan: TablePlan
  /// The columns that are written.
  private let columns: [String]
  private let written: [Int]
  package let keys: [String]

  package init(_ plan: TablePlan, schema: String) {
    // No equality is defined for json, so a row could not be found by it.
    assert(plan.keyColumns.allSatisfy { $0.type != .json })
    self.plan = plan
    name = PostgresText.identifier(schema, plan.targetName)
    stage = "_changeover_stage_\(plan.id)"
    trial = "_changeover_trial_\(plan.id)"
    written = plan.writtenPositions
    columns = written.map { PostgresText.identifier(plan.columns[$0].targetName) }
    keys = plan.keyColumns.map { PostgresText.identifier($0.targetName) }
  }

  var copy: String { "COPY \(name) (\(columns.joined(separator: ", "))) FROM STDIN (FORMAT binary)" }

  /// Upserts rows that come as one array a column.
  var upsertArrays: String {
    let names = written.map { "c\($0)" }.joined(separator: ", ")
    let types = written.map { plan.columns[$0] }
    return insert("SELECT \(values) FROM unnest(\(arrays(types))) AS s (\(names))") + onConflict
  }

  /// Deletes the keys that come as one array a key column.
  var deleteArrays: String {
    let names = keys.indices.map { "k\($0)" }
    return """
      DELETE FROM \(name) AS t USING unnest(\(arrays(plan.keyColumns))) AS k (\(names.joined(separator: ", "))) \
      WHERE \(match("k", names))
      """
  }

  /// Whether a row of the table has the key that stands in `names` of `other`, byte for byte.
  ///
  /// Keys of our own tables have types whose equality is just that. In tables that users made it may be looser, and serves
  /// only to find the row by its index.
  package func match(_ other: String, _ names: [String]) -> String {
    zip(plan.keyColumns, zip(keys, names)).map { column, pair in
      let (mine, theirs) = ("t.\(pair.0)", "\(other).\(pair.1)")
      func exactly(_ theirs: String) -> String { "\(mine)::text COLLATE \"C\" = \(theirs)::text COLLATE \"C\"" }
      switch column.type {
      case .citext where column.typeSQL?.hasSuffix("citext") ?? true:
        return "\(mine) = \(theirs)::\(column.typeSQL ?? "citext") AND \(exactly(theirs))"
      case .char: return "\(mine) = \(theirs)::bpchar AND \(exactly("\(theirs)::bpchar"))"
      // A cast of theirs could be refused, and a key that is no label is simply not there.
      case .enumeration, .citext: return exactly(theirs)
      case _ where column.type.isText && column.typeSQL != nil:
        return "\(mine) = \(theirs) AND \(exactly(theirs))"
      default: return "\(mine) = \(theirs)"
      }
    }.joined(separator: " AND ")
  }

  /// What stands for the written columns in a SELECT from `c0`, `c1` and so on.
  ///
  /// Only text to an enumeration needs a cast. To varchar(n) one would do harm: it cuts what an assignment refuses.
  var values: String {
    written.map { position in
      let column = plan.columns[position]
      if column.type == .enumeration, let type = column.typeSQL { return "c\(position)::\(type)" }
      return "c\(position)"
    }.joined(separator: ", ")
  }

  func insert(_ select: String) -> String {
    "INSERT INTO \(name) AS t (\(columns.joined(separator: ", "))) \(select)"
  }

  /// SET takes the key's columns too: equal to the index is not always the same value. A row that is byte for byte what it
  /// was stays untouched: `*<>` compares images, where IS DISTINCT FROM would take −0.0 for 0.0 and 1.1 for 1.10. Only
  /// our columns count, for EXCLUDED has the defaults of any others.
  var onConflict: String {
    let set = columns.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
    func row(_ of: String) -> String { "ROW(\(columns.map { "\(of).\($0)" }.joined(separator: ", ")))::record" }
    return
      " ON CONFLICT (\(keys.joined(separator: ", "))) DO UPDATE SET \(set) WHERE \(row("t")) *<> \(row("EXCLUDED"))"
  }

  private func arrays(_ columns: [ColumnPlan]) -> String {
    columns.enumerated().map { "$\($0 + 1)::\($1.type.baseSQL)[]" }.joined(separator: ", ")
  }
}
