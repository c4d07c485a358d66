import Model

/// FROM: tables, selects and their joins.
extension Translator {
  /// The text of the joins; their tables are added to the last frame.
  mutating func from(_ join: Join) throws(Untranslatable) -> String {
    switch join {
    case .table(let name, let alias):
      guard let relation = relations[name.folded] else { throw Untranslatable("the table \(name) is not known") }
      return try "\(relation.sql) AS \(add(relation.columns, relation.key, as: alias ?? name))"
    case .select(let select, let alias):
      // It sees no table beside it.
      var outer = self
      outer.frames[frames.count - 1] = Frame()
      let selected = try outer.translate(select)
      guard Set(selected.columns.map { $0.name.folded }).count == selected.columns.count else {
        throw Untranslatable("two columns of one name")
      }
      var list: [String] = []
      for column in selected.columns { list.append(try identifier(column.name)) }
      let name = try add(selected.columns, [], as: alias ?? "select \(frames[frames.count - 1].sources.count + 1)")
      return "(\(selected.sql)) AS \(name) (\(list.joined(separator: ", ")))"
    case .join(let left, let kind, let right, let condition):
      let first = try from(left)
      let boundary = frames[frames.count - 1].sources.count
      let isGroup = if case .join = right { true } else { false }
      let second = try from(right)
      let (kind, clause) = try self.condition(condition, kind, boundary)
      return "\(first) \(kind) \(isGroup ? "(\(second))" : second)\(clause)"
    }
  }

  private mutating func add(_ columns: [ScopeColumn], _ key: [String], as alias: String) throws(Untranslatable)
    -> String
  {
    let name = try identifier(alias)
    let last = frames.count - 1
    guard !frames[last].sources.contains(where: { $0.alias.folded == alias.folded }) else {
      throw Untranslatable("two tables are called \(alias)")
    }
    var own = columns
    for index in own.indices { own[index].sql = "\(name).\(columns[index].sql)" }
    frames[last].sources.append(Frame.Source(alias: alias, columns: own, key: key))
    return name
  }

  private mutating func condition(
    _ condition: JoinCondition, _ kind: JoinKind, _ boundary: Int
  ) throws(Untranslatable) -> (kind: String, clause: String) {
    switch condition {
    case .none:
      switch kind {
      case .inner, .cross: return ("CROSS JOIN", "")
      default: return (kind.rawValue, " ON true")
      }
    case .on(let expression):
      let inner = kind == .cross ? JoinKind.inner : kind
      return (inner.rawValue, " ON \(try truth(translate(expression)).sql)")
    case .using(let names): return try using(names, kind, boundary)
    case .natural:
      let sources = frames[frames.count - 1].sources
      let left = sources[..<boundary].flatMap(\.columns).map { $0.name.folded }
      let names = sources[boundary...].flatMap(\.columns).map(\.name).filter { left.contains($0.folded) }
      return names.isEmpty ? try self.condition(.none, kind, boundary) : try using(names, kind, boundary)
    }
  }

  /// Equal columns of one name, which then count as one. The rest of a FULL or RIGHT JOIN differs.
  private mutating func using(
    _ names: [String], _ kind: JoinKind, _ boundary: Int
  ) throws(Untranslatable) -> (kind: String, clause: String) {
    guard kind != .right, kind != .full else { throw Untranslatable("\(kind.rawValue) with USING") }
    let last = frames.count - 1
    var tests: [String] = []
    for name in names.map({ $0.folded }) {
      func column(_ range: Range<Int>) throws(Untranslatable) -> (Int, ScopeColumn) {
        var found: (Int, ScopeColumn)?
        for index in range where !frames[last].sources[index].merged.contains(name) {
          guard let column = frames[last].sources[index].columns.first(where: { $0.name.folded == name }) else {
            continue
          }
          guard found == nil else { throw Untranslatable("the column \(name) is ambiguous") }
          found = (index, column)
        }
        guard let found else { throw Untranslatable("the column \(name) is not known") }
        return found
      }
      let (_, left) = try column(0..<boundary)
      let (index, right) = try column(boundary..<frames[last].sources.count)
      tests.append(try compare(.equal, Self.translation(of: left), Self.translation(of: right)).operand)
      frames[last].sources[index].merged.insert(name)
    }
    let inner = kind == .cross ? JoinKind.inner : kind
    return (inner.rawValue, " ON \(tests.joined(separator: " AND "))")
  }
}
