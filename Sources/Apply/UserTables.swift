import Postgres
import Schema

/// Tables that the user made: what of them is put aside while they follow, and how they are given back.
enum UserTables {
  /// The statements that put foreign keys and triggers aside. Idempotent.
  static func puttingAside(_ table: TablePlan, _ ddl: DDL) -> [String] {
    guard let kept = table.kept else { return [] }
    return kept.foreignKeys.map(\.drop) + kept.triggers.map { $0.disabling(on: ddl.name(of: table)) }
  }

  /// The statements that empty the tables and leave them as they were found. Tables that are gone by now are passed by.
  static func givingBack(_ plan: TargetPlan) -> [String] {
    let ddl = DDL(plan)
    let tables = plan.tables.filter(\.isUserMade)
    guard !tables.isEmpty else { return [] }
    var script = ["SET LOCAL changeover.apply = 'on'"]
    for table in tables {
      let name = ddl.name(of: table)
      let triggers = ["fence", "capture", "capture_truncate"].map {
        "DROP TRIGGER IF EXISTS _changeover_\($0) ON \(name)"
      }
      script.append(whereThere([name], ["TRUNCATE \(name)"] + triggers))
    }
    // When all are empty, for keys among them.
    for table in tables {
      let name = ddl.name(of: table)
      for key in table.kept?.foreignKeys ?? [] {
        script.append(whereThere([key.table, key.parentTable], [key.drop, key.creation]))
        if key.isValid { script.append(unlessRefused(whereValid: key)) }
      }
      for trigger in table.kept?.triggers ?? [] {
        script.append(
          """
          DO $changeover$ BEGIN
            IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(\(PostgresText.literal(name)))
              AND tgname = \(PostgresText.literal(trigger.name))) THEN
              \(trigger.enabling(on: name));
            END IF;
          END $changeover$
          """)
      }
    }
    return script
  }

  private static func whereThere(_ names: [String], _ statements: [String]) -> String {
    let condition = names.map { "to_regclass(\(PostgresText.literal($0))) IS NOT NULL" }.joined(separator: " AND ")
    return """
      DO $changeover$ BEGIN
        IF \(condition) THEN
          \(statements.joined(separator: ";\n    "));
        END IF;
      END $changeover$
      """
  }

  /// Rows of another table that lead nowhere by now leave the key NOT VALID.
  private static func unlessRefused(whereValid key: KeptForeignKey) -> String {
    """
    DO $changeover$ BEGIN
      IF to_regclass(\(PostgresText.literal(key.table))) IS NOT NULL THEN
        \(key.validation);
      END IF;
    EXCEPTION WHEN foreign_key_violation OR undefined_object THEN NULL;
    END $changeover$
    """
  }
}
