import Model

extension Planner {
  mutating func planIndexes(of input: Input, into plan: inout TablePlan) {
    let table = input.table
    for index in table.indexes {
      let isKey = table.key == .columns(index.terms) && index.isUnique && index.predicate == nil
      let isBinary = index.terms.allSatisfy { $0.collation.uppercased() == "BINARY" }
      if isKey && isBinary { continue }
      if let column = (table.excluded ?? []).first(where: { left in
        index.terms.contains { $0.subject == .column(left.name) }
      }) {
        plan.notes.append("index '\(index.name)' is left out: its column '\(column.name)' stays out")
        continue
      }
      guard index.predicate == nil else {
        plan.notes.append("partial index '\(index.name)' is left out")
        continue
      }
      guard index.terms.count <= Self.indexColumns else {
        plan.notes.append("index '\(index.name)' is left out: it has more than \(Self.indexColumns) columns")
        continue
      }
      guard let terms = terms(of: index, in: table, plan) else {
        plan.notes.append("index '\(index.name)' is left out: it has an expression or a collation of its own")
        continue
      }
      let isUnique = index.isUnique && staysUnique(index, in: input)
      if index.isUnique && !isUnique {
        plan.notes.append(
          "index '\(index.name)' is not UNIQUE on the target: values of several storage classes could meet there")
      }
      let isAutomatic = index.origin != .createIndex
      let columns = index.terms.compactMap { term -> String? in
        if case .column(let name) = term.subject { name } else { nil }
      }
      let name =
        isAutomatic ? "\(plan.targetName)_\(columns.joined(separator: "_"))_key" : overrides.ordinaryName(index.name)
      plan.indexes.append(IndexPlan(name: names.object(name), isUnique: isUnique, terms: terms))
    }
  }

  /// Whether what the index tells apart stays apart on the target.
  func staysUnique(_ index: SourceIndex, in input: Input) -> Bool {
    index.terms.allSatisfy { term in
      guard case .column(let name) = term.subject,
        let position = input.table.columns.firstIndex(where: { $0.name == name })
      else { return true }
      return TypeChoice.staysUnique(input.table.columns[position], facts: input.facts[position])
    }
  }

  /// Nil where a term has no plain counterpart.
  private func terms(of index: SourceIndex, in table: SourceTable, _ plan: TablePlan) -> String? {
    var terms: [String] = []
    for term in index.terms {
      let position: Int?
      switch term.subject {
      case .column(let name): position = table.columns.firstIndex { $0.name == name }
      case .rowid: position = plan.columns.firstIndex(where: \.isIdentity)
      case .expression: return nil
      }
      guard let position else { return nil }
      let column = plan.columns[position]
      let name = PostgresText.identifier(column.targetName)
      let direction = term.descending ? " DESC" : ""
      switch term.collation.uppercased() {
      case _ where !column.type.isText: terms.append(name + direction)
      case "NOCASE" where column.type == .citext: terms.append(name + direction)
      // The index tells case apart where the column does not.
      case "BINARY" where column.type == .citext: terms.append("(\(name)::text COLLATE \"C\")" + direction)
      case "BINARY": terms.append(name + direction)
      // Under the collation "C" only ASCII letters fold, as in SQLite's NOCASE.
      case "NOCASE": terms.append("lower(\(name))" + direction)
      case "RTRIM": terms.append("rtrim(\(name), ' ')" + direction)
      default: return nil
      }
    }
    return terms.joined(separator: ", ")
  }
}
