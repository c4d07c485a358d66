import Model

/// How a table's columns came to be others, if SQLite's ALTER TABLE explains it: ADD at the end, RENAME, DROP.
struct ColumnAlignment: Equatable {
  /// In an order in which they can be carried out.
  var changes: [Change] = []
  /// Whether a column that was dropped and another added in its place would look the same.
  var hasRenames = false

  enum Change: Equatable {
    case dropped(String)
    case renamed(from: String, to: String)
    case added(String)
  }

  /// Nil where no sequence of such statements leads from one to the other, or more than one that differ in the rows.
  init?(from old: [SourceColumn], to new: [SourceColumn]) {
    let kept = old.filter { column in new.contains { $0.name.isSpelled(column.name) } }
    let found = new.filter { column in old.contains { $0.name.isSpelled(column.name) } }
    guard zip(kept, found).allSatisfy({ $0.name.isSpelled($1.name) }) else { return nil }
    for (before, after) in zip(kept, found) where !Self.isSame(before, after) { return nil }
    var renames: [Change] = []
    var drops: [Change] = []
    var adds: [Change] = []
    var oldPlace = 0
    var newPlace = 0
    for anchor in kept.map(Optional.some) + [nil] {
      var gone: [SourceColumn] = []
      var come: [SourceColumn] = []
      while oldPlace < old.count, anchor.map({ !$0.name.isSpelled(old[oldPlace].name) }) ?? true {
        gone.append(old[oldPlace])
        oldPlace += 1
      }
      while newPlace < new.count, anchor.map({ !$0.name.isSpelled(new[newPlace].name) }) ?? true {
        come.append(new[newPlace])
        newPlace += 1
      }
      oldPlace += 1
      newPlace += 1
      if come.isEmpty {
        drops += gone.map { .dropped($0.name) }
      } else if gone.isEmpty || gone.count <= come.count && anchor == nil && !Self.allSame(gone, come) {
        // A column in the middle cannot be added.
        guard anchor == nil else { return nil }
        drops += gone.map { .dropped($0.name) }
        adds += come.map { .added($0.name) }
      } else if Self.allSame(gone, come), gone.count == come.count || anchor == nil && gone.count < come.count {
        renames += zip(gone, come).map { .renamed(from: $0.name, to: $1.name) }
        adds += come.dropFirst(gone.count).map { .added($0.name) }
      } else {
        return nil
      }
    }
    hasRenames = !renames.isEmpty
    changes = drops + renames + adds
  }

  /// The name that a column has afterwards; nil where it is gone.
  func name(after name: String) -> String? {
    for change in changes {
      switch change {
      case .dropped(let column) where column.isSpelled(name): return nil
      case .renamed(let from, let to) where from.isSpelled(name): return to
      default: continue
      }
    }
    return name
  }

  private static func allSame(_ old: [SourceColumn], _ new: [SourceColumn]) -> Bool {
    zip(old, new).allSatisfy { before, after in
      var renamed = before
      renamed.name = after.name
      return isSame(renamed, after)
    }
  }

  /// The text of a generated column changes with the names in it.
  private static func isSame(_ a: SourceColumn, _ b: SourceColumn) -> Bool {
    var a = a
    a.generatedExpression = b.generatedExpression
    return a == b
  }
}
