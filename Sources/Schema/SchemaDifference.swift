/// One thing that stands on the target and not in the plan, or the other way round, or otherwise.
package struct SchemaDifference: Sendable, Hashable {
  package enum Subject: String, Sendable, Hashable {
    case table, column, type, collation, nullability, `default`, identity, generated, key, index, check
    case foreignKey = "foreign_key"
    case view
  }

  package var table: String
  package var subject: Subject
  /// The column's name where there is one.
  package var column: String?
  /// Nil where the plan has none.
  package var planned: String?
  /// Nil where the target has none.
  package var found: String?

  /// The difference in words.
  package var sentence: String {
    let place = column.map { "\(table).\($0)" } ?? table
    let subject = self.subject == .foreignKey ? "foreign key" : self.subject.rawValue
    switch (planned, found) {
    case (let planned?, nil): return "\(place): the target lacks the \(subject) \(planned)"
    case (nil, let found?): return "\(place): the target has the \(subject) \(found), the plan has not"
    default: return "\(place): \(subject) is \(found ?? "none") on the target, \(planned ?? "none") in the plan"
    }
  }

  /// Compares what the server makes of the plan with what stands there.
  /// - Parameters:
  ///   - views: the plan's, of which only the names are compared.
  ///   - standing: the found table for a planned one's name.
  package static func all(
    planned: [FoundTable], views: [String], found: [FoundTable], standing: [String: String]
  ) -> [SchemaDifference] {
    var differences: [SchemaDifference] = []
    var met: Set<String> = []
    for view in views {
      guard let match = found.first(where: { $0.name == view }), match.kind != .table else {
        differences.append(.init(table: view, subject: .view, planned: view))
        continue
      }
      met.insert(view)
    }
    for table in planned {
      guard let match = found.first(where: { $0.name == standing[table.name] ?? table.name }) else {
        differences.append(.init(table: table.name, subject: .table, planned: table.name))
        continue
      }
      met.insert(match.name)
      differences += TableComparison(planned: table, found: match).differences
    }
    for table in found where !met.contains(table.name) {
      differences.append(
        .init(table: table.name, subject: table.kind == .view ? .view : .table, found: table.name))
    }
    return differences
  }
}

/// One planned table and the one that stands there.
private struct TableComparison {
  let planned: FoundTable
  let found: FoundTable

  var differences: [SchemaDifference] {
    guard planned.kind == found.kind else { return [difference(.table, planned.kind.name, found.kind.name)] }
    var differences = columns
    // By content: names of indexes and constraints tell nothing apart.
    differences += sets(
      .key, planned.indexes.filter(\.isPrimaryKey).map(\.terms), found.indexes.filter(\.isPrimaryKey).map(\.terms))
    differences += sets(
      .index, planned.indexes.filter { !$0.isPrimaryKey }.map(text), found.indexes.filter { !$0.isPrimaryKey }.map(text)
    )
    differences += sets(.check, planned.checks.map(\.expression), found.checks.map(\.expression))
    differences += sets(.foreignKey, planned.foreignKeys.map(\.definition), found.foreignKeys.map(\.definition))
    return differences
  }

  private func text(of index: FoundIndex) -> String {
    (index.isUnique ? "UNIQUE " : "") + "(\(PostgresText.relaxed(index.terms)))"
      + (index.predicate.map { " WHERE \($0)" } ?? "")
  }

  private var columns: [SchemaDifference] {
    var differences: [SchemaDifference] = []
    var met: Set<String> = []
    for column in planned.columns {
      guard let match = TargetMatching.column(column.name, column.name, in: found) else {
        differences.append(difference(.column, column.typeSQL, nil, column.name))
        continue
      }
      met.insert(match.name)
      func compare(_ subject: SchemaDifference.Subject, _ planned: String?, _ found: String?) {
        if planned != found { differences.append(difference(subject, planned, found, column.name)) }
      }
      compare(.type, column.typeSQL, match.typeSQL)
      if column.typeSQL == match.typeSQL { compare(.collation, column.collation, match.collation) }
      compare(.nullability, column.notNull ? "NOT NULL" : "NULL", match.notNull ? "NOT NULL" : "NULL")
      compare(column.isGenerated || match.isGenerated ? .generated : .default, column.defaultSQL, match.defaultSQL)
      compare(.identity, identity(of: column), identity(of: match))
    }
    for column in found.columns where !met.contains(column.name) {
      differences.append(difference(.column, nil, column.typeSQL, column.name))
    }
    return differences
  }

  private func identity(of column: FoundColumn) -> String? {
    column.isIdentity ? (column.isAlwaysIdentity ? "ALWAYS" : "BY DEFAULT") : nil
  }

  private func sets(_ subject: SchemaDifference.Subject, _ planned: [String], _ found: [String]) -> [SchemaDifference] {
    var rest = found
    var differences: [SchemaDifference] = []
    for item in planned {
      if let place = rest.firstIndex(of: item) {
        rest.remove(at: place)
      } else {
        differences.append(difference(subject, item, nil))
      }
    }
    return differences + rest.map { difference(subject, nil, $0) }
  }

  private func difference(
    _ subject: SchemaDifference.Subject, _ planned: String?, _ found: String?, _ column: String? = nil
  ) -> SchemaDifference {
    SchemaDifference(table: self.planned.name, subject: subject, column: column, planned: planned, found: found)
  }
}
