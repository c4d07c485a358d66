import Dialect
import Model

extension Planner {
  mutating func planIndexes(of input: Input, _ relation: Relation, into plan: inout TablePlan) {
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
      guard index.terms.count <= Self.indexColumns else {
        plan.notes.append("index '\(index.name)' is left out: it has more than \(Self.indexColumns) columns")
        continue
      }
      let terms: String
      let predicate: String?
      do {
        terms = try self.terms(of: index, plan, relation)
        predicate = try index.predicate.map { (text) throws(Untranslatable) in
          try Translator(purpose: .predicate, table: relation).condition(Self.parsed(text))
        }
      } catch {
        plan.notes.append("index '\(index.name)' is left out: \(error)")
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
      plan.indexes.append(IndexPlan(name: names.object(name), isUnique: isUnique, terms: terms, predicate: predicate))
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

  /// A citext column compares without case by itself, and queries use no other index.
  private static func foldsItself(_ name: String, _ term: IndexTerm, _ plan: TablePlan) -> Bool {
    term.collation.uppercased() == "NOCASE"
      && plan.columns.contains { $0.sourceName == name && $0.type == .citext }
  }

  private func terms(
    of index: SourceIndex, _ plan: TablePlan, _ relation: Relation
  ) throws(Untranslatable) -> String {
    let translator = Translator(purpose: .index, table: relation)
    var terms: [String] = []
    for term in index.terms {
      let sql: String
      switch term.subject {
      case .column(let name) where Self.foldsItself(name, term, plan):
        sql = PostgresText.identifier(plan.columns.first { $0.sourceName == name }?.targetName ?? name)
      case .column(let name):
        sql = try translator.indexTerm(
          .column(ColumnReference(table: nil, name: name, mayBeString: false)), collation: term.collation)
      case .rowid:
        guard let column = plan.identityColumn else { throw Untranslatable("it is over the rowid") }
        sql = PostgresText.identifier(column.targetName)
      case .expression(let text):
        sql = try translator.indexTerm(Self.parsed(text), collation: term.collation)
      }
      terms.append(sql + (term.descending ? " DESC" : ""))
    }
    return terms.joined(separator: ", ")
  }
}
