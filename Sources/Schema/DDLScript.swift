/// The whole plan as statements, in an order that does not change from run to run: for review, for version control, and
/// for tables that are to stand before the copy.
package struct DDLScript: Sendable {
  /// In the order in which they can be run.
  package let statements: [String]
  /// What is left out or arrives as something else, by table.
  package let notes: [String]
  private let sections: [Section]

  private struct Section: Sendable {
    let notes: [String]
    let statements: [String]
  }

  /// - Parameter extensions: the schema for extensions, where it is not the tables'.
  package init(_ plan: TargetPlan, extensions: String? = nil) {
    let ddl = DDL(plan)
    let tables = plan.tables.sorted { $0.targetName < $1.targetName }
    var sections: [Section] = []
    if tables.contains(where: { $0.columns.contains { $0.type == .citext } }) {
      let schema = PostgresText.identifier(extensions ?? plan.schema)
      sections.append(Section(notes: [], statements: ["CREATE EXTENSION IF NOT EXISTS citext SCHEMA \(schema)"]))
    }
    sections += tables.map { table in
      Section(
        notes: table.notes.map { "\(table.sourceName): \($0)" }, statements: [ddl.createTable(table, withKey: true)])
    }
    for table in tables {
      let indexes = table.indexes.sorted { $0.name < $1.name }
        .map { ddl.createIndex($0, on: table, unique: $0.isUnique, mayExist: false) }
      sections.append(Section(notes: [], statements: indexes))
    }
    for table in tables {
      sections.append(
        Section(
          notes: [], statements: table.checks.sorted { $0.name < $1.name }.map { Self.check($0, ddl.name(of: table)) }))
    }
    for table in tables {
      let keys = table.foreignKeys.sorted { $0.name < $1.name }.map {
        ddl.addForeignKey($0, on: table, isChecked: true)
      }
      sections.append(Section(notes: [], statements: keys))
    }
    sections += plan.views.map { Section(notes: [], statements: [Self.view($0, in: plan.schema)]) }
    self.sections = sections
    statements = sections.flatMap(\.statements)
    notes = sections.flatMap(\.notes) + plan.leftOut.map { "\($0): does not move" }
  }

  private static func check(_ check: CheckPlan, _ table: String) -> String {
    "ALTER TABLE \(table) ADD CONSTRAINT \(PostgresText.identifier(check.name)) CHECK (\(check.expression))"
  }

  private static func view(_ view: ViewPlan, in schema: String) -> String {
    let columns = view.columns.map { PostgresText.identifier($0) }.joined(separator: ", ")
    let list = columns.isEmpty ? "" : " (\(columns))"
    return "CREATE VIEW \(PostgresText.identifier(schema, view.targetName))\(list) AS\n\(view.query)"
  }

  /// The script as people read it: names quoted only where they need it, notes as comments.
  package var text: String {
    var out: [String] = []
    for section in sections where !section.statements.isEmpty {
      let comments = section.notes.map(Self.comment)
      out.append((comments + section.statements.map { PostgresText.relaxed($0) + ";" }).joined(separator: "\n"))
    }
    let leftOut = notes.dropFirst(sections.reduce(0) { $0 + $1.notes.count }).map(Self.comment)
    if !leftOut.isEmpty { out.append(leftOut.joined(separator: "\n")) }
    return out.joined(separator: "\n\n")
  }

  /// A line break in a name must not end the comment.
  private static func comment(_ note: String) -> String {
    "-- " + String(String.UnicodeScalarView(note.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }
}
