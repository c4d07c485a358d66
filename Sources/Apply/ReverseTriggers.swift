import Model
import Schema
import TriggerTemplates

/// What records the application's writes to one target table: the log table, the function, and its triggers.
package struct ReverseTriggers {
  private let plan: TablePlan
  private let log: String
  private let function: String

  package init(_ plan: TablePlan, of source: RandomID, _ catalogue: TargetCatalogue) {
    self.plan = plan
    log = catalogue.log(plan.id, of: source)
    function = catalogue.captureFunction(plan.id, of: source)
  }

  /// Creates all of it.
  /// - Parameter table: the table's qualified name.
  func creation(on table: String) -> [String] {
    let columns = plan.keyColumns.enumerated().map { ",\n  k\($0) \($1.logType)" }.joined()
    return [
      TriggerTemplate.targetLog.fill(["log": log, "key_columns": columns]), functionSQL(),
      TriggerTemplate.targetCapture.fill(["table": table, "function": function]),
    ]
  }

  /// Writes the function, or writes it anew for key columns that are called otherwise by now.
  package func functionSQL(keyNames: [String]? = nil) -> String {
    let names = (keyNames ?? plan.keyColumns.map(\.targetName)).map { PostgresText.identifier($0) }
    func list(_ letter: String) -> String { names.indices.map { "\(letter)\($0)" }.joined(separator: ", ") }
    func take(_ letter: String, from row: String) -> String {
      names.enumerated().map { "\(letter)\($0) := \(row).\($1);" }.joined(separator: " ")
    }
    let variables = plan.keyColumns.enumerated().map { "n\($0) \($1.logType); o\($0) \($1.logType);" }
    return TriggerTemplate.targetCaptureFunction.fill([
      "log": log, "log_literal": PostgresText.literal(log), "function": function,
      "variables": variables.joined(separator: " "), "keys": list("k"), "new": list("n"), "old": list("o"),
      "take_new": take("n", from: "NEW"), "take_old": take("o", from: "OLD"), "take_deleted": take("n", from: "OLD"),
    ])
  }
}

extension ColumnPlan {
  /// The type that a key is logged in: the column's own, without limits that a later, wider column would not keep.
  fileprivate var logType: String {
    switch type {
    case .numeric where typeSQL == nil: "numeric"
    case .varchar where typeSQL == nil: "varchar COLLATE \"C\""
    case .char where typeSQL == nil: "bpchar COLLATE \"C\""
    default: typeSQL ?? type.sql
    }
  }
}
