import Model

/// How a plan follows a change of the source's schema, and what is to be done on the target: decided without a database.
package struct PlanChange: Sendable {
  /// What is to be done with one table.
  package struct Work: Sendable, Equatable {
    package enum Task: Sendable, Equatable {
      case create(TablePlan)
      /// All rows follow; it stays, or is made anew where it has to be another one.
      case refill(TablePlan, TablePlan)
      case recreate(TablePlan, TablePlan)
      case alter(TablePlan, TablePlan, [ColumnTask])
      case hold(TableHold)
      case remove(TablePlan)
    }
    package var id: TableID
    /// The name in the source.
    package var name: String
    package var task: Task
    /// Why, for people.
    package var reason: String?
  }

  package enum ColumnTask: Sendable, Equatable {
    case drop(ColumnPlan)
    case rename(from: String, to: String)
    /// The rows that are there show the value.
    case add(ColumnPlan, Value)
  }

  /// The plan as it is when everything is done.
  package private(set) var plan: TargetPlan
  package private(set) var works: [Work] = []
  private let inputs: [Planner.Input]
  private var planner = Planner()
  private let choices: [[ChosenType]]

  package init(of plan: TargetPlan, for news: SchemaNews, overrides: Overrides, citext: Citext?) {
    self.plan = plan
    inputs = news.inputs
    let replanned = Set(
      news.change.steps.filter { if case .copied = $0.action { true } else { false } }.map(\.table))
    let pinned = Self.pinned(overrides, plan.tables.filter { !replanned.contains($0.id) }, inputs)
    planner.overrides = overrides
    planner.citext = citext
    choices = Self.widened(
      Planner.choices(inputs, pinned, hasCitext: citext != nil), plan.tables.filter { replanned.contains($0.id) },
      inputs, overrides)
    takeNames()
    for step in news.change.steps { take(step) }
    planForeignKeys()
  }

  /// Columns that stay have the types that they have.
  private static func pinned(
    _ overrides: Overrides, _ tables: [TablePlan], _ inputs: [Planner.Input]
  ) -> Overrides {
    var pinned = overrides
    for table in tables {
      // By the name that it has now.
      guard let name = inputs.first(where: { $0.table.id == table.id })?.table.name else { continue }
      for column in table.columns {
        pinned.set(name, column.sourceName, at: "the target's table '\(table.targetName)'") { $0.type = column.type }
      }
    }
    return pinned
  }

  /// A column of a table that is copied again takes all that a column of that name took before: what it holds at this moment
  /// says less than what it has held.
  private static func widened(
    _ choices: [[ChosenType]], _ tables: [TablePlan], _ inputs: [Planner.Input], _ overrides: Overrides
  ) -> [[ChosenType]] {
    var choices = choices
    for table in tables {
      guard let place = inputs.firstIndex(where: { $0.table.id == table.id }) else { continue }
      let source = inputs[place].table
      for column in table.columns {
        guard let index = source.columns.firstIndex(where: { $0.name == column.sourceName }),
          choices[place].indices.contains(index), takesMore(column.type, than: choices[place][index].type),
          overrides.settings(of: column.sourceName, in: source.name).type == nil
        else { continue }
        choices[place][index] = ChosenType(type: column.type, reading: column.reading)
      }
    }
    return choices
  }

  private static func takesMore(_ old: TargetType, than new: TargetType) -> Bool {
    switch old {
    case .anyText: new != .anyText && new != .keyText
    case .keyText: new != .keyText
    case .double: new == .bigint
    default: false
    }
  }

  private mutating func takeNames() {
    for table in plan.tables {
      planner.names.take([table.targetName, table.keyName] + table.indexes.map(\.name) + table.checks.map(\.name))
      if let name = table.sequenceName { planner.names.take([name]) }
    }
    planner.names.take(plan.views.map(\.targetName))
  }

  private mutating func take(_ step: TableStep) {
    let old = plan.tables.first { $0.id == step.table }
    let input = inputs.firstIndex { $0.table.id == step.table }
    if case .altered = step.action, let held = plan.holds.firstIndex(where: { $0.table == step.table }) {
      // The target could not follow before: only a copy brings it back.
      plan.holds[held].name = step.name
      return
    }
    plan.holds.removeAll { $0.table == step.table }
    switch step.action {
    case .held(let hold): self.hold(step, hold)
    case .removed:
      plan.tables.removeAll { $0.id == step.table }
      if let old { works.append(Work(id: step.table, name: step.name, task: .remove(old))) }
    case .copied(let reason):
      guard let input else { return }
      copy(input, old, step, reason)
    case .altered(let changes):
      guard let input, let old else { return }
      alter(input, old, step, changes)
    }
  }

  private mutating func hold(_ step: TableStep, _ hold: TableHold) {
    plan.holds.append(TargetPlan.Hold(table: step.table, name: step.name, hold: hold))
    works.append(Work(id: step.table, name: step.name, task: .hold(hold), reason: hold.reason))
  }

  private mutating func set(_ table: TablePlan) {
    if let place = plan.tables.firstIndex(where: { $0.id == table.id }) {
      plan.tables[place] = table
    } else {
      plan.tables.append(table)
    }
  }

  // MARK: Tables that are copied again

  private mutating func copy(_ place: Int, _ old: TablePlan?, _ step: TableStep, _ reason: String) {
    let table = inputs[place].table
    guard var old else {
      let name = planner.names.object(planner.overrides.targetName(of: table.name))
      let new = planned(place, named: name)
      set(new)
      works.append(Work(id: step.table, name: step.name, task: .create(new), reason: reason))
      return
    }
    if old.isUserMade {
      guard old.columns.map(\.sourceName) == table.imageColumns, old.keyPositions == table.keyPositions else {
        return hold(step, Self.userMade)
      }
      let before = old
      old.sourceName = table.name
      set(old)
      works.append(Work(id: step.table, name: step.name, task: .refill(before, old), reason: reason))
      return
    }
    // The names that it had are its own again.
    release(old)
    let name =
      old.sourceName == table.name
      ? planner.names.object(old.targetName)
      : planner.names.object(planner.overrides.targetName(of: table.name))
    var new = planned(place, named: name)
    let isSame =
      new.columns == old.columns && new.keyPositions == old.keyPositions && new.isPrimaryKey == old.isPrimaryKey
      && new.targetName == old.targetName && Set(new.checks.map(\.expression)) == Set(old.checks.map(\.expression))
    if isSame {
      new.keyName = old.keyName
      new.sequenceName = old.sequenceName
      new.checks = old.checks
    }
    set(new)
    works.append(
      Work(id: step.table, name: step.name, task: isSame ? .refill(old, new) : .recreate(old, new), reason: reason))
  }

  private static let userMade = TableHold(
    .paused,
    "its table on the target was made by the user, and the new shape is not carried over to it: sync --reseed "
      + "begins anew once both have it")

  private mutating func release(_ table: TablePlan) {
    planner.names.release([table.targetName, table.keyName] + table.indexes.map(\.name) + table.checks.map(\.name))
    if let name = table.sequenceName { planner.names.release([name]) }
  }

  private mutating func planned(_ place: Int, named name: String) -> TablePlan {
    var table = planner.plan(inputs[place], named: name, choices[place])
    let relation = planner.relation(of: inputs[place], table, schema: plan.schema)
    planner.planGenerated(of: inputs[place], relation, into: &table)
    planner.planIndexes(of: inputs[place], relation, into: &table)
    planner.planChecks(of: inputs[place].table, relation, into: &table)
    return table
  }

  // MARK: Tables whose rows stay

  private mutating func alter(_ place: Int, _ old: TablePlan, _ step: TableStep, _ changes: [TableChange]) {
    let table = inputs[place].table
    let changesColumns = changes.contains { $0 != .renamed && $0 != .indexes }
    var new = old
    new.sourceName = table.name
    if old.isUserMade {
      guard !changesColumns else { return hold(step, Self.userMade) }
      return set(new)
    }
    var fresh = TargetNames()
    let names = fresh.columns(
      table.imageColumns.enumerated().map { index, name in
        index < table.columns.count ? planner.overrides.targetName(of: name, in: table.name) : name
      })
    var tasks: [ColumnTask] = []
    if changes.contains(.renamed) {
      planner.names.release([old.targetName])
      new.targetName = planner.names.object(planner.overrides.targetName(of: table.name))
    }
    for change in changes {
      switch change {
      case .dropped(let name):
        guard let index = new.columns.firstIndex(where: { $0.sourceName == name }) else { continue }
        tasks.append(.drop(new.columns.remove(at: index)))
      case .renamedColumn(let from, let to):
        guard let index = new.columns.firstIndex(where: { $0.sourceName == from }),
          let position = table.imageColumns.firstIndex(of: to)
        else { continue }
        new.columns[index].sourceName = to
        if new.columns[index].targetName != names[position] {
          tasks.append(.rename(from: new.columns[index].targetName, to: names[position]))
        }
        new.columns[index].targetName = names[position]
      case .added(let name, let value):
        guard let position = table.columns.firstIndex(where: { $0.name == name }) else { continue }
        let column = planner.plan(inputs[place], named: new.targetName, choices[place]).columns[position]
        new.columns.insert(column, at: min(position, new.columns.count))
        tasks.append(.add(column, value))
      case .renamed, .indexes: continue
      }
    }
    guard new.columns.map(\.sourceName) == table.imageColumns else {
      return hold(step, TableHold(.paused, "its columns on the target are not those that it had in the source"))
    }
    new.keyPositions = table.keyPositions
    planner.names.release(old.indexes.map(\.name))
    new.indexes = []
    planner.planIndexes(of: inputs[place], planner.relation(of: inputs[place], new, schema: plan.schema), into: &new)
    set(new)
    works.append(Work(id: step.table, name: step.name, task: .alter(old, new, tasks)))
  }

  // MARK: Foreign keys

  /// Those of all tables: a parent may have another name, or be new. They come at the switch.
  private mutating func planForeignKeys() {
    // Of a table that is held the plan may be an older one.
    let pairs = inputs.compactMap { input in
      plan.tables.firstIndex { table in
        table.id == input.table.id && table.columns.map(\.sourceName) == input.table.imageColumns
      }.map { (input: input, place: $0) }
    }
    let inputs = pairs.map(\.input)
    let tables = pairs.map { plan.tables[$0.place] }
    for (input, place) in pairs where !plan.tables[place].isUserMade {
      plan.tables[place].foreignKeys = []
      plan.tables[place].notes.removeAll { $0.hasPrefix("foreign key (") }
      planner.planForeignKeys(of: input.table, into: &plan.tables[place], inputs: inputs, tables: tables)
    }
  }
}
