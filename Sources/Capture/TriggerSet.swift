import Model
import SQLite
import TriggerTemplates

/// A trigger of ours: its name and the statement that creates it.
struct Trigger: Sendable, Equatable {
  let name: String
  let sql: String
}

/// The capture triggers of one table.
struct TriggerSet: Sendable {
  let triggers: [Trigger]

  /// How many key columns the change table needs for this table.
  static func keyWidth(of table: SourceTable) -> Int {
    if case .columns(let terms) = table.key { return terms.count }
    return 1
  }

  /// - Parameter logsEarly: whether rows may be changed without an AFTER trigger (`ActionParents`).
  init(for table: SourceTable, logsEarly: Bool) {
    let keys = KeyTerms(table)
    let common = [
      "table": SQLiteText.identifier(table.name), "id": table.id.description,
      "keys": (0..<keys.count).map { "k\($0)" }.joined(separator: ", "),
      "new": keys.list(of: "NEW"), "old": keys.list(of: "OLD"), "changed": keys.changed,
      "own": keys.list(of: nil),
    ]
    func make(_ part: String, _ template: TriggerTemplate, _ values: [String: String] = [:]) -> Trigger {
      let name = SourceNames.trigger(table.id, part)
      let filled = common.merging(values) { $1 }.merging(["trigger": SQLiteText.identifier(name)]) { $1 }
      return Trigger(name: name, sql: template.fill(filled))
    }
    var triggers = [
      make("insert", .insert), make("update", .update), make("rekey", .rekey, ["setting": keys.setting]),
      make("delete", .delete),
    ]
    for (number, probe) in Probe.probes(of: table).enumerated() {
      triggers.append(make("probe_insert_\(number)", .probeInsert, ["displaced": probe.displaced]))
      triggers.append(
        make(
          "probe_update_\(number)", .probeUpdate,
          ["displaced": probe.displaced, "changed": probe.changed, "setting": probe.setting]))
    }
    if logsEarly {
      triggers.append(
        make(
          "early_update", .earlyUpdate,
          ["setting": keys.settingReferenced, "coming": keys.coming, "changed": keys.changedBefore]))
      triggers.append(make("early_delete", .earlyDelete))
      if let probe = Probe.ofKey(table) {
        triggers.append(make("early_insert", .probeInsert, ["displaced": probe.displaced]))
      }
    }
    self.triggers = triggers
  }

  /// Whether a table's triggers include those that log early, told from the names of all.
  static func logsEarly(_ table: TableID, among names: some Sequence<String>) -> Bool {
    names.contains(SourceNames.trigger(table, "early_delete"))
  }

  /// The triggers that refuse every write after the switch.
  static func fence(for table: SourceTable, message: String) -> [Trigger] {
    fence(table.name, message) { SourceNames.trigger(table.id, "fence_\($0)") }
  }

  /// The same for a table that was created in a closed source.
  static func fence(forNew table: String, message: String) -> [Trigger] {
    fence(table, message) { SourceNames.fence(ofNew: table, $0) }
  }

  private static func fence(_ table: String, _ message: String, _ name: (String) -> String) -> [Trigger] {
    ["INSERT", "UPDATE", "DELETE"].map { event in
      let name = name(event.lowercased())
      return Trigger(
        name: name,
        sql: TriggerTemplate.sourceFence.fill([
          "trigger": SQLiteText.identifier(name), "event": event, "table": SQLiteText.identifier(table),
          "message": SQLiteText.literal(message),
        ]))
    }
  }
}

/// A table's key columns as the triggers name them.
struct KeyTerms {
  private let columns: [(name: String, column: SourceColumn?)]
  /// For UPDATE OF: a statement that sets none of them changes no key.
  let setting: String
  /// For UPDATE OF: a statement that sets none of them fires no foreign key's action, because a key refers to a primary key or
  /// to the columns of a UNIQUE index.
  let settingReferenced: String
  /// `changed`, as a BEFORE trigger has to ask: there a generated column is computed from NULLs unless the trigger names the
  /// columns that it is made of, seen in SQLite 3.40.
  let changedBefore: String

  init(_ table: SourceTable) {
    switch table.key {
    case .rowid(let alias): columns = [(alias, nil)]
    case .rowidColumn(let name): columns = [(SQLiteText.identifier(name), nil)]
    case .columns:
      columns = table.keyPositions.map { (SQLiteText.identifier(table.columns[$0].name), table.columns[$0]) }
    }
    // The hidden rowid of a table without a key is none of its columns.
    let known = table.keyPositions.filter(table.columns.indices.contains)
    let ofKey = known.map { table.columns[$0] }
    setting = Self.setting(ofKey, of: table)
    let whole = table.whole
    let referable = whole.indexes.filter(\.isUnique).flatMap(\.terms).compactMap { term -> Int? in
      guard case .column(let name) = term.subject else { return nil }
      return whole.position(ofColumn: name)
    }
    settingReferenced = Self.setting(
      whole.columns.indices.filter { referable.contains($0) || ofKey.contains(whole.columns[$0]) }
        .map { whole.columns[$0] }, of: table)
    let isGenerated = ofKey.contains(where: \.isGenerated)
    let asked =
      isGenerated
      ? whole.columns.filter { !$0.isGenerated }.map { (SQLiteText.identifier($0.name), $0) } : columns
    changedBefore = asked.map { Self.changed($0.0, $0.1) }.joined(separator: " OR ")
  }

  var count: Int { columns.count }

  func list(of row: String?) -> String {
    columns.map { (row.map { "\($0)." } ?? "") + $0.name }.joined(separator: ", ")
  }

  /// The key that the row is about to get, as far as a BEFORE trigger can tell: not where a default that differs each time
  /// takes a NULL's place.
  var coming: String {
    columns.map { name, column in column.map { Probe.newValue(of: $0) } ?? "NEW.\(name)" }.joined(separator: ", ")
  }

  /// Names for UPDATE OF: a statement that sets none of them does not enter the trigger at all. A generated column
  /// changes with any other. The rowid's own names are always among them, because an INTEGER PRIMARY KEY may be set by
  /// each of them; SQLite asks for no column behind a name there.
  static func setting(_ columns: [SourceColumn], of table: SourceTable) -> String {
    let settable = columns.contains(where: \.isGenerated) ? table.whole.columns.filter { !$0.isGenerated } : columns
    return (settable.map { SQLiteText.identifier($0.name) } + ["rowid", "oid", "_rowid_"]).joined(separator: ", ")
  }

  /// True when an update changed the key's bytes or storage class.
  var changed: String { columns.map { Self.changed($0.name, $0.column) }.joined(separator: " OR ") }

  /// `nil` for the rowid, which is always an integer.
  static func changed(_ name: String, _ column: SourceColumn?) -> String {
    guard let column else { return "OLD.\(name) IS NOT NEW.\(name)" }
    let bytes = "OLD.\(name) IS NOT NEW.\(name) COLLATE BINARY"
    // A typed affinity gives one value one storage class; without one, 1 and 1.0 are equal and not the same.
    return column.affinity == .blob ? "\(bytes) OR typeof(OLD.\(name)) <> typeof(NEW.\(name))" : bytes
  }
}
