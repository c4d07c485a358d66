import Model

/// What becomes of the captured tables after the application changed its schema: decided from what the schema was and what
/// it is, without a database.
///
/// SQLite counts the statements that change the schema. Where more ran than the differences explain, something happened that
/// left no trace, such as a column dropped and added again: then every table is copied again. One statement alone always
/// leaves a trace; it takes two to hide.
struct SchemaDecision {
  /// A table with a new state; those that stay as they are have none.
  struct Outcome: Equatable {
    /// With id 0 for a table that is new.
    var table: InstalledTable
    /// Nil where only the catalogue has to know.
    var action: TableStep.Action?
    /// Whether its triggers have to be made anew although nothing else changed.
    var needsTriggers = false
  }

  private let before: SchemaListing
  private let now: SchemaListing
  private let installed: [InstalledTable]
  /// The tables that may move, as they are now.
  private let shapes: [SourceTable]
  /// Those whose triggers are to log early, as of now.
  private let parents: ActionParents
  private let policy: SchemaPolicy
  private let isCopying: Bool

  /// Where each table of `before` stands now.
  private var matches: [Int64: SchemaListing.Object] = [:]
  private(set) var outcomes: [Outcome] = []
  /// Tables that are to be forgotten.
  private(set) var removed: [InstalledTable] = []
  private(set) var isExplained = true
  /// Whether the schema is another one at all.
  private(set) var hasMoved = false
  /// Statements that ran beyond the fewest that explain the differences.
  private var surplus: Int64 = 0

  /// - Parameter isCopying: rows of the first copy may have been read in the old shape.
  init(
    from before: SchemaListing, to now: SchemaListing, installed: [InstalledTable], shapes: [SourceTable],
    parents: ActionParents, policy: SchemaPolicy, isCopying: Bool
  ) {
    self.before = before
    self.now = now
    self.installed = installed
    self.shapes = shapes
    self.parents = parents
    self.policy = policy
    self.isCopying = isCopying
    matchTables()
    var decided = installed.map { decide($0) }
    surplus = now.version - before.version - fewestStatements
    hasMoved = before != now
    isExplained = (0...1).contains(surplus) || !hasMoved
    for index in decided.indices { settle(&decided[index]) }
    absorb(&decided)
    outcomes = zip(installed, decided).compactMap { old, new in
      if new.action == .removed { return nil }
      return new.action == nil && new.table == old && !new.needsTriggers ? nil : new
    }
    removed = zip(installed, decided).compactMap { $1.action == .removed ? $0 : nil }
    outcomes += newTables()
  }

  // MARK: Which table is which

  private var isRenumbered: Bool { now.isVacuumed || now.canary != before.canary }

  private mutating func matchTables() {
    let old = before.objects.filter { $0.isTable && !$0.isOurs && !$0.isInternal }
    guard isRenumbered else {
      let places = Dictionary(now.objects.filter(\.isTable).map { ($0.place, $0) }, uniquingKeysWith: { a, _ in a })
      for table in old { matches[table.place] = places[table.place] }
      return
    }
    // VACUUM keeps the order of creation. Whatever stands after the canary came since.
    let canary = now.canary ?? .max
    let found = now.objects.filter { $0.isTable && !$0.isOurs && !$0.isInternal && $0.place < canary }
    var oldPlace = 0
    var newPlace = 0
    for anchor in old.filter({ table in found.contains { $0.name.isSpelled(table.name) } }).map(Optional.some) + [nil] {
      let gone = old[oldPlace...].prefix { table in anchor.map { $0.place != table.place } ?? true }
      let come = found[min(newPlace, found.count)...].prefix { table in
        anchor.map { !$0.name.isSpelled(table.name) } ?? true
      }
      if gone.count == come.count { for (table, new) in zip(gone, come) { matches[table.place] = new } }
      oldPlace += gone.count + 1
      newPlace += come.count
      guard let anchor, newPlace < found.count else { continue }
      matches[anchor.place] = found[newPlace]
      newPlace += 1
    }
  }

  private func known(_ name: String) -> SchemaListing.Object? {
    before.objects.first { $0.isTable && $0.name.isSpelled(name) }
  }

  private func current(_ name: String) -> SourceTable? { shapes.first { $0.name.isSpelled(name) } }

  var newViews: [String] {
    now.objects.filter { object in
      object.type == "view" && !object.isOurs
        && !before.objects.contains { $0.type == "view" && $0.name.isSpelled(object.name) }
    }.map(\.name)
  }

  // MARK: How many statements it took at least

  private var fewestStatements: Int64 {
    var count: Int64 = now.isVacuumed ? 1 : 0
    let old = before.objects.filter { !$0.isOurs || !$0.isTable }
    let new = now.objects.filter { !$0.isOurs || !$0.isTable }
    let matched = Set(matches.values.map(\.place))
    let droppedVirtual = old.filter { $0.isVirtual && matches[$0.place] == nil }.map { "\($0.name)_" }
    var lost: Set<String> = []
    for table in old where table.isTable {
      if table.isInternal {
        if table.name == "sqlite_stat1", !new.contains(where: { $0.name == table.name }) { count += 1 }
      } else if let match = matches[table.place] {
        if !match.name.isSpelled(table.name) { count += 1 }
      } else {
        lost.insert(table.name.lowercased())
        // Its own statement drops the tables that a virtual one is made of.
        if !droppedVirtual.contains(where: { table.name.hasPrefix($0) }) { count += 1 }
      }
    }
    for table in new where table.isTable {
      if table.isInternal {
        if table.name == "sqlite_stat1", !old.contains(where: { $0.name == table.name }) { count += 1 }
      } else if !matched.contains(table.place) {
        count += 1
      }
    }
    for installed in installed {
      guard let place = known(installed.table.name)?.place, let match = matches[place],
        let shape = current(match.name)
      else { continue }
      count += Int64(ColumnAlignment(from: installed.table.whole.columns, to: shape.columns)?.changes.count ?? 0)
    }
    return count + fewestStatements(old, new, lost)
  }

  /// Of indexes, views and triggers.
  private func fewestStatements(
    _ old: [SchemaListing.Object], _ new: [SchemaListing.Object], _ lost: Set<String>
  ) -> Int64 {
    var count: Int64 = 0
    // Indexes of constraints come and go with their tables.
    let oldParts = old.filter { !$0.isTable && $0.sql != nil }
    let newParts = new.filter { !$0.isTable && $0.sql != nil }
    // With a view go its triggers.
    let views = oldParts.filter { view in
      view.type == "view" && !newParts.contains { $0.type == "view" && $0.name.isSpelled(view.name) }
    }
    let lost = lost.union(views.map { $0.name.lowercased() })
    for part in oldParts {
      let same = newParts.first { $0.type == part.type && $0.name.isSpelled(part.name) }
      let wentWithTable = part.type != "view" && lost.contains(part.table.lowercased())
      guard let same else {
        count += wentWithTable ? 0 : 1
        continue
      }
      if wentWithTable {
        count += 1
      } else if !isRenumbered, same.place != part.place {
        count += 2
      }
    }
    for part in newParts where !oldParts.contains(where: { $0.type == part.type && $0.name.isSpelled(part.name) }) {
      count += 1
    }
    return count
  }

  // MARK: What becomes of a table

  private func decide(_ installed: InstalledTable) -> Outcome {
    var table = installed
    let match = known(installed.table.name).flatMap { matches[$0.place] }
    if installed.request == .suspend {
      table.request = nil
      table.hold = TableHold(.suspended, "suspended by hand")
      return Outcome(table: table, action: table.hold == installed.hold ? nil : table.hold.map { .held($0) })
    }
    let name = match?.name ?? installed.table.name
    let shape = current(name).map { adopting($0, of: installed.table) }
    if installed.request == .resync || installed.request == .resume {
      guard let shape else {
        if isElsewhere(name) { return unreadable(installed) }
        return installed.request == .resume ? dropped(installed) : Outcome(table: installed, action: .removed)
      }
      return copied(shape, installed, "asked for")
    }
    if let hold = installed.hold {
      if match != nil {
        if let shape { table.table = shape } else { table.table.name = name }
      }
      if hold.kind == .dropped, let shape { return copied(shape, installed, "it was created again") }
      if hold.kind != .dropped, match == nil, shape == nil { return dropped(installed) }
      return Outcome(table: table, action: nil)
    }
    guard match != nil else {
      guard let shape else { return isElsewhere(name) ? unreadable(installed) : dropped(installed) }
      return copied(shape, installed, "it was built anew")
    }
    guard let shape else { return unreadable(installed) }
    return compare(installed, shape)
  }

  /// The table's name is borne by something that cannot be captured.
  private func isElsewhere(_ name: String) -> Bool {
    now.objects.contains { ["table", "view"].contains($0.type) && $0.name.isSpelled(name) }
  }

  private func dropped(_ installed: InstalledTable) -> Outcome {
    held(installed, TableHold(.dropped, "it is no longer in the source"))
  }

  private func unreadable(_ installed: InstalledTable) -> Outcome {
    held(installed, TableHold(.paused, "it has no usable key any more, or needs what only the application has"))
  }

  private func held(_ installed: InstalledTable, _ hold: TableHold) -> Outcome {
    var table = installed
    table.hold = hold
    table.request = nil
    return Outcome(table: table, action: .held(hold))
  }

  private func copied(_ shape: SourceTable, _ installed: InstalledTable, _ reason: String) -> Outcome {
    Outcome(table: InstalledTable(table: shape), action: .copied(reason: reason))
  }

  /// The shape with what was settled for the table: its number, the columns left out, and the rowid as its key where another
  /// key was no good.
  private func adopting(_ shape: SourceTable, of old: SourceTable) -> SourceTable {
    var shape = shape
    shape.id = old.id
    shape.exclude(Set((old.excluded ?? []).map { $0.name.lowercased() }))
    if case .rowid = old.key, case .columns? = KeyChoice.key(of: old, rowidColumn: nil),
      let rowid = KeyChoice.rowidKey(of: shape)
    {
      shape.key = rowid
    }
    return shape
  }

  private func compare(_ installed: InstalledTable, _ shape: SourceTable) -> Outcome {
    let old = installed.table
    guard let alignment = ColumnAlignment(from: old.columns, to: shape.columns),
      (old.excluded ?? []).count == (shape.excluded ?? []).count
    else {
      return copied(shape, installed, "its columns changed in a way that does not tell what became of their values")
    }
    let loggedEarly = TriggerSet.logsEarly(old.id, among: before.objects.lazy.map(\.name))
    let logsEarly = parents.contains(shape.name)
    if !hasItsTriggers(old, loggedEarly) { return copied(shape, installed, "its triggers were gone or altered") }
    guard let key = mapped(old.key, alignment), Self.isSame(key, shape.key), old.isWithoutRowid == shape.isWithoutRowid
    else { return copied(shape, installed, "its rows are told apart by another key") }
    if isRenumbered, case .rowid = shape.key { return copied(shape, installed, "VACUUM renumbered its rows") }
    let uniqueBefore = old.indexes.filter(\.isUnique).map { mapped($0, alignment) }
    let uniqueNow = shape.indexes.filter(\.isUnique).map { mapped($0, nil) }
    if uniqueNow.contains(where: { !uniqueBefore.contains($0) }) {
      return copied(shape, installed, "it has a new UNIQUE index, through which rows may have been displaced unseen")
    }
    let younger = youngerTriggers(than: old, on: shape.name)
    if younger.contains(where: \.canFail) {
      return copied(shape, installed, "a new trigger of the application's own may have hidden changes")
    }
    if logsEarly, !loggedEarly {
      return copied(shape, installed, "what fails in a foreign key's action may have hidden changes")
    }
    var changes: [TableChange] = []
    if !old.name.isSpelled(shape.name) { changes.append(.renamed) }
    for change in alignment.changes {
      switch change {
      case .dropped(let column): changes.append(.dropped(column: column))
      case .renamed(let from, let to): changes.append(.renamedColumn(from: from, to: to))
      case .added(let column):
        if shape.columns.contains(where: { $0.name.isSpelled(column) && $0.isGenerated }) {
          return copied(shape, installed, "it has a new generated column")
        }
        changes.append(.added(column: column, value: .null))
      }
    }
    if Set(old.indexes) != Set(shape.indexes) { changes.append(.indexes) }
    return Outcome(
      table: InstalledTable(table: shape), action: changes.isEmpty ? nil : .altered(changes),
      needsTriggers: !younger.isEmpty || logsEarly != loggedEarly)
  }

  /// Whether the triggers are those that were created, never away.
  private func hasItsTriggers(_ table: SourceTable, _ logsEarly: Bool) -> Bool {
    TriggerSet(for: table, logsEarly: logsEarly).triggers.allSatisfy { trigger in
      guard let known = before.objects.first(where: { $0.type == "trigger" && $0.name == trigger.name }),
        let current = now.objects.first(where: { $0.type == "trigger" && $0.name == trigger.name })
      else { return false }
      return isRenumbered || known.place == current.place
    }
  }

  /// The application's AFTER triggers on a table that fire before ours, because they were created after them.
  private func youngerTriggers(than table: SourceTable, on name: String) -> [ApplicationTrigger] {
    let triggers = now.objects.filter { $0.type == "trigger" && $0.table.lowercased() == name.lowercased() }
    let own = SourceNames.trigger(table.id, "")
    guard let oldest = triggers.first(where: { $0.name.hasPrefix(own) }) else { return [] }
    return triggers.filter { !$0.isOurs && $0.place > oldest.place }.compactMap(\.sql)
      .map { ApplicationTrigger(sql: $0) }.filter(\.isAfter)
  }

  private func mapped(_ key: RowKey, _ alignment: ColumnAlignment) -> RowKey? {
    switch key {
    case .rowid: return key
    case .rowidColumn(let name): return alignment.name(after: name).map { .rowidColumn($0) }
    case .columns(let terms):
      var mapped = terms
      for index in terms.indices {
        guard case .column(let name) = terms[index].subject, let after = alignment.name(after: name) else { return nil }
        mapped[index].subject = .column(after)
      }
      return .columns(mapped)
    }
  }

  private static func isSame(_ a: RowKey, _ b: RowKey) -> Bool {
    if case (.rowid, .rowid) = (a, b) { return true }
    return a == b
  }

  /// An index by what it does: the names of automatic ones change with the table's.
  private func mapped(_ index: SourceIndex, _ alignment: ColumnAlignment?) -> SourceIndex {
    var index = index
    index.name = ""
    guard let alignment else { return index }
    for place in index.terms.indices {
      if case .column(let name) = index.terms[place].subject, let after = alignment.name(after: name) {
        index.terms[place].subject = .column(after)
      }
    }
    return index
  }

  // MARK: What the whole of it means

  /// What a table's own differences ask for, seen beside everything else.
  private func settle(_ outcome: inout Outcome) {
    guard outcome.table.hold == nil, outcome.action != .removed else { return }
    let isAskedFor = outcome.action == .copied(reason: "asked for")
    if !isExplained, !isAskedFor {
      outcome.action = .copied(reason: "more statements changed the schema than can be told from it")
    } else if case .altered(let changes) = outcome.action {
      if isCopying { outcome.action = .copied(reason: "it changed during the first copy") }
      let isAmbiguous = changes.contains { if case .renamedColumn = $0 { true } else { false } }
      if isAmbiguous, surplus > 0 {
        outcome.action = .copied(reason: "a column was renamed, or dropped and another one added")
      }
    }
    guard policy == .pause, let action = outcome.action, !isAskedFor else { return }
    if action == .altered([.indexes]) { return }
    outcome.table.hold = TableHold(.paused, Self.words(action))
    outcome.action = outcome.table.hold.map { .held($0) }
  }

  private static func words(_ action: TableStep.Action) -> String {
    if case .copied(let reason) = action { return reason }
    return "its columns or its name changed"
  }

  /// A rebuild outside a transaction was seen half-way, as a new table: it takes the place of the one it was made for.
  private func absorb(_ decided: inout [Outcome]) {
    for (index, outcome) in decided.enumerated()
    where outcome.action != .removed && outcome.table.hold?.kind != .dropped {
      let name = outcome.table.table.name
      let others = decided.indices.filter { other in
        other != index && decided[other].table.table.name.isSpelled(name) && decided[other].action != .removed
      }
      guard let first = others.first else { continue }
      // The one that bore the name before goes on.
      let newcomer = installed[first].table.name.isSpelled(name) ? index : first
      if installed[newcomer].table.name.isSpelled(name) { continue }
      decided[newcomer].action = .removed
    }
  }

  private func newTables() -> [Outcome] {
    let matched = Dictionary(matches.map { ($1.place, $0) }, uniquingKeysWith: { a, _ in a })
    return shapes.compactMap { shape in
      guard !outcomes.contains(where: { $0.table.table.name.isSpelled(shape.name) }),
        !installed.contains(where: { isNow($0, called: shape.name) }),
        let object = now.objects.first(where: { $0.isTable && $0.name.isSpelled(shape.name) })
      else { return nil }
      // One that was there under this name was left out, built anew or not.
      if known(shape.name) != nil { return nil }
      var table = InstalledTable(table: shape)
      let reason = matched[object.place] == nil ? "it is new" : "it has a name now that moves"
      if policy == .forward { return Outcome(table: table, action: .copied(reason: reason)) }
      table.hold = TableHold(.paused, reason)
      return Outcome(table: table, action: table.hold.map { .held($0) })
    }
  }

  private func isNow(_ installed: InstalledTable, called name: String) -> Bool {
    let match = known(installed.table.name).flatMap { matches[$0.place] }
    return (match?.name ?? installed.table.name).isSpelled(name)
  }
}

/// What to do about a change of the schema.
package enum SchemaPolicy: String, Sendable, CaseIterable {
  /// Carry it over, or copy what it may have touched again.
  case forward
  /// Let nothing of the table follow until somebody says so.
  case pause
}
