import Model
import Schema

/// Makes findings of what the planner noted.
enum PlanNotes {
  static func findings(_ table: TablePlan) -> [Finding] {
    // Values that do not fit are counted elsewhere, with the key of one.
    table.notes.filter { !$0.contains(" values are no ") }.map { note in
      let column = column(note, of: table)
      return Finding(kind(note), table: table.sourceName, column: column, text(note, column))
    }
  }

  /// The note without the column's name, which the finding bears already.
  private static func text(_ note: String, _ column: String?) -> String {
    guard let column else { return note }
    for lead in ["generated column '\(column)' ", "column '\(column)': ", "column '\(column)' "]
    where note.hasPrefix(lead) {
      return String(note.dropFirst(lead.count))
    }
    return note
  }

  private static func kind(_ note: String) -> FindingKind {
    if note.hasPrefix("foreign key") { return .foreignKeyLost }
    if note.contains("hidden column") { return .hiddenKey }
    if note.contains("is called") { return .renamed }
    if note.contains("several storage classes and becomes") { return .mixedClasses }
    if note.contains("NOT NULL is left out") { return .notNullLost }
    if note.contains("DEFAULT"), note.contains("left out") { return .defaultLost }
    if note.contains("CHECK") { return note.contains("left out") ? .checkLost : .other }
    if note.hasPrefix("generated column") { return .generatedColumn }
    if note.contains("numbers are read as") { return .numbersAsTimes }
    if note.contains("could be") { return .plainerType }
    if note.contains("COLLATE") || note.contains("citext") { return .collation }
    if note.contains("index '") { return .indexDiffers }
    return .other
  }

  /// The column that a note is about; the quotes tell where its name ends only together with the plan.
  private static func column(_ note: String, of table: TablePlan) -> String? {
    table.columns.map(\.sourceName).filter { note.contains("column '\($0)'") }.max { $0.utf8.count < $1.utf8.count }
  }
}
