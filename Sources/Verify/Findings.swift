import Model
import Postgres
import SQLite

/// What a run has found, counted, and listed up to the limit.
struct Findings {
  let compared: ComparedTable
  var comparison = Comparison()

  init(_ compared: ComparedTable) { self.compared = compared }

  /// How many more differences are to be listed.
  var room: Int { max(compared.settings.limit - comparison.differences.count, 0) }

  /// Counts rows that differ, and lists what there is room for.
  mutating func note(_ found: [Found], source: borrowing Database, target: inout Connection) throws {
    if found.isEmpty { return }
    comparison.total += Int64(found.count)
    let states = try compared.refusals?.states(of: found, in: compared, source, &target) ?? found.map { _ in nil }
    for state in states {
      if state != nil { comparison.quarantined += 1 }
      if state == .discarded { comparison.discarded += 1 }
    }
    let listed = found.prefix(room)
    var differences = zip(listed, states).map { found, state in
      var difference = Difference(table: compared.table.name, key: found.key, kind: found.kind)
      difference.quarantine = state
      difference.isKeyOfTarget = found.isKeyOfTarget
      return difference
    }
    try look(at: &differences, source: source, target: &target)
    comparison.differences += differences
  }

  /// How many rows of the target alone are to be looked at: all of them where the source may have refused some.
  var roomForExtras: Int { if case .bySource? = compared.refusals { .max } else { room } }

  /// Counts rows that are not listed.
  mutating func note(unlisted count: Int) { comparison.total += Int64(count) }

  /// Finds the columns that differ, and the values where they are asked for.
  private func look(
    at differences: inout [Difference], source: borrowing Database, target: inout Connection
  ) throws {
    let withValues = compared.settings.showsValues
    let numbers = differences.indices.filter { index in
      !differences[index].isKeyOfTarget && (withValues || differences[index].kind == .different)
    }
    if numbers.isEmpty { return }
    let keys = numbers.map { differences[$0].key }
    var lookup = try KeyLookup(compared, withValues: withValues, source: source)
    try lookup.forEach(keys, target: &target) { number, sides in
      let index = numbers[number]
      let (columns, lossy) = compared.columnsThatDiffer(sides)
      if differences[index].kind == .different {
        guard !columns.isEmpty else {
          throw Failure(
            .internalError, "a row of '\(compared.table.name)' differs and none of its columns does",
            remedy: "run verify again")
        }
        differences[index].columns = columns.map { compared.plan.columns[$0].sourceName }
        differences[index].lossyColumns = lossy.map { compared.plan.columns[$0].sourceName }
      }
      if withValues { differences[index].values = compared.values(sides, of: columns) }
    }
  }
}

extension ComparedTable {
  /// Those of the keys whose rows differ when they are looked at column by column.
  func differing(
    among keys: [[Value]], source: borrowing Database, target: inout Connection
  ) throws -> [Found] {
    if keys.isEmpty { return [] }
    var found: [Found] = []
    var lookup = try KeyLookup(self, withValues: false, source: source)
    try lookup.forEach(keys, target: &target) { number, sides in
      if !columnsThatDiffer(sides).columns.isEmpty { found.append(Found(kind: .different, key: keys[number])) }
    }
    return found
  }

  /// The columns that differ where both stores have the row, and those of them that are merely lossy.
  func columnsThatDiffer(_ sides: KeyLookup.Sides) -> (columns: [Int], lossy: [Int]) {
    guard let source = sides.source, let target = sides.target else { return ([], []) }
    var columns: [Int] = []
    var lossy: [Int] = []
    for index in plan.columns.indices {
      var isSame = source.hashes[index] != nil && source.hashes[index] == target.hashes[index]
      if let shown = source.shown[index], shown != target.shown[index] { isSame = false }
      if isSame, !source.lossy.contains(index) { continue }
      columns.append(index)
      if isSame { lossy.append(index) }
    }
    return (columns, lossy)
  }

  /// The values of some columns, or of all where only one store has the row.
  func values(_ sides: KeyLookup.Sides, of columns: [Int]) -> [Difference.ColumnValues] {
    (columns.isEmpty ? Array(plan.columns.indices) : columns).map { index in
      Difference.ColumnValues(
        column: plan.columns[index].sourceName, source: sides.source?.values?[index],
        target: sides.target?.texts?[index])
    }
  }
}
