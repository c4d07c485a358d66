import Model
import Schema

/// What follows from how the target's tables look now, compared with how they looked before: which are read and how, which
/// have to wait, and what speaks against the way back. Pure.
struct ShapeComparison: Sendable {
  /// What is drained, in the plan's order.
  var readings: [TableReading] = []
  var deviations: [Deviation] = []
  /// What to remember once the drain has committed.
  var shape: TargetShape
  /// Tables whose key columns are called otherwise by now: the function that records their writes is to be told.
  var renamedKeys: [TableID: [String]] = [:]

  /// - Parameters:
  ///   - before: nil for the first look since the switch: then the tables are what their names say.
  ///   - refused: tables that the server refuses to read, with the reason.
  init(_ plan: TargetPlan, before: TargetShape?, found: FoundTarget, refused: [TableID: String] = [:]) {
    let ours = Set(plan.tables.map(\.targetName))
    shape = TargetShape(
      tables: [],
      others: before?.others
        ?? found.relations.filter { $0.schema == plan.schema && !ours.contains($0.name) }.map(\.name).sorted())
    for table in plan.tables {
      let known = before?.table(table.id)
      let relation = Self.relation(of: table, schema: plan.schema, known, found)
      var shape = known ?? TableShape(id: table.id, oid: relation?.oid ?? 0, columns: [])
      shape.columns = table.columns.indices.map { index in
        if let known, known.columns.indices.contains(index) { return known.columns[index] }
        let name = table.columns[index].targetName
        return relation?.columns.first { $0.name == name } ?? ColumnShape(number: 0, name: name, type: "", form: "")
      }
      if known == nil, let relation {
        let planned = Set(shape.columns.map(\.number))
        shape.extras = relation.columns.map(\.number).filter { !planned.contains($0) }
      }
      look(at: table, relation, &shape, hasLog: found.logs.contains(table.id), refused: refused[table.id])
      self.shape.tables.append(shape)
    }
    let tables = Set(shape.tables.map(\.oid))
    for relation in found.relations
    where relation.schema == plan.schema && !tables.contains(relation.oid) && !shape.others.contains(relation.name)
      && !ours.contains(relation.name)
    {
      deviations.append(
        Deviation(.newTable, table: relation.name, reason: "was created after the switch: SQLite does not have it"))
    }
  }

  /// The relation that a table was drained from; before the first time, the one that has its name.
  private static func relation(
    of table: TablePlan, schema: String, _ known: TableShape?, _ found: FoundTarget
  ) -> FoundTarget.Relation? {
    if let known { return found.relations.first { $0.oid == known.oid } }
    return found.relations.first { $0.schema == schema && $0.name == table.targetName }
  }

  private mutating func look(
    at table: TablePlan, _ relation: FoundTarget.Relation?, _ shape: inout TableShape, hasLog: Bool, refused: String?
  ) {
    guard let relation else { return pause(table, &shape, "was dropped: its rows in SQLite stay as they are") }
    if let reason = Self.obstacle(relation, hasLog: hasLog, refused: refused) { return pause(table, &shape, reason) }
    var wholly = shape.isPaused
    var present: [(position: Int, name: String)] = []
    var columns: [Deviation] = []
    for (index, column) in table.columns.enumerated() {
      let known = shape.columns[index]
      let isKey = table.keyPositions.contains(index)
      guard let now = relation.columns.first(where: { $0.number == known.number }) else {
        if isKey { return pause(table, &shape, "lost its key column '\(column.sourceName)'") }
        columns.append(
          Deviation(
            .droppedColumn, table: table.sourceName, column: column.sourceName,
            reason: "was dropped: its values in SQLite stay as they are"))
        continue
      }
      guard now.form == known.form else {
        return pause(table, &shape, "has another type in column '\(column.sourceName)'")
      }
      // The values may have been rewritten with it, which no row trigger sees.
      if now.type != known.type { wholly = true }
      if now.name != column.targetName {
        columns.append(
          Deviation(
            .renamedColumn, table: table.sourceName, column: column.sourceName,
            reason: "is called '\(now.name)' by now: in SQLite it keeps its name"))
      }
      if isKey, now.name != known.name { renamedKeys[table.id] = [] }
      shape.columns[index] = now
      present.append((index, now.name))
    }
    let key = table.keyPositions.map { shape.columns[$0].number }
    guard relation.uniqueKeys.contains(key.sorted()) else {
      return pause(table, &shape, "has no UNIQUE index over its key any more")
    }
    if renamedKeys[table.id] != nil { renamedKeys[table.id] = table.keyPositions.map { shape.columns[$0].name } }
    shape.isPaused = false
    deviations += columns
    note(table, relation, shape)
    readings.append(TableReading(table, relation, present, wholly: wholly))
  }

  /// Why nothing can be drained from a table; nil where it can.
  private static func obstacle(_ relation: FoundTarget.Relation, hasLog: Bool, refused: String?) -> String? {
    if let refused { return refused }
    if !relation.isReadable { return "cannot be read by changeover's role" }
    if relation.hidesRows { return "has row security that hides rows from changeover's role" }
    if !relation.isRecorded { return "lost the triggers that record its writes, or had them disabled" }
    if !hasLog { return "lost the table that its writes are recorded in" }
    return nil
  }

  /// What a table that is drained has gained.
  private mutating func note(_ table: TablePlan, _ relation: FoundTarget.Relation, _ shape: TableShape) {
    if relation.name != table.targetName {
      deviations.append(
        Deviation(
          .renamedTable, table: table.sourceName,
          reason: "is called '\(relation.name)' by now: in SQLite it keeps its name"))
    }
    if relation.hasChildren, !relation.isPartitioned {
      deviations.append(
        Deviation(
          .childTables, table: table.sourceName, reason: "has tables that inherit from it: their rows do not go back"))
    }
    let known = Set(shape.columns.map(\.number) + shape.extras)
    for column in relation.columns where !known.contains(column.number) {
      deviations.append(
        Deviation(
          .newColumn, table: table.sourceName, column: column.name,
          reason: "was added after the switch: SQLite does not have it"))
    }
  }

  private mutating func pause(_ table: TablePlan, _ shape: inout TableShape, _ reason: String) {
    shape.isPaused = true
    renamedKeys[table.id] = nil
    deviations.append(Deviation(.paused, table: table.sourceName, reason: reason))
  }
}
