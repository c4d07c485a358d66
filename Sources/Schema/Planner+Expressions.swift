import Dialect
import Model

/// What a table has beside its rows: generated columns, CHECK constraints, and views over all of them.
extension Planner {
  /// The table as expressions over its columns see it.
  func relation(of input: Input, _ plan: TablePlan, schema: String) -> Relation {
    let columns = zip(input.table.columns, plan.columns).enumerated().map { position, pair in
      let (column, planned) = pair
      return ScopeColumn(
        column.name, sql: PostgresText.identifier(planned.targetName),
        planned.kind(storing: input.facts[position].timeForm(as: planned)), affinity: column.affinity,
        collation: column.collation)
    }
    return Relation(
      name: input.table.name, sql: PostgresText.identifier(schema, plan.targetName), columns: columns,
      key: plan.isPrimaryKey ? plan.keyColumns.map(\.sourceName) : [])
  }

  /// Lets the target compute what the source computes, where it would come to the same.
  func planGenerated(of input: Input, _ relation: Relation, into plan: inout TablePlan) {
    // PostgreSQL has no generated column over another one.
    var readable = relation
    readable.columns = zip(relation.columns, input.table.columns).filter { !$1.isGenerated }.map { $0.0 }
    let translator = Translator(purpose: .generated, table: readable)
    for (position, column) in input.table.columns.enumerated() where column.isGenerated {
      do {
        guard !plan.keyPositions.contains(position) else { throw Untranslatable("it is part of the key") }
        guard let text = column.generatedExpression else { throw Untranslatable("it cannot be read") }
        plan.columns[position].generatedSQL = try translator.generated(
          Self.parsed(text), kind: relation.columns[position].kind, affinity: column.affinity)
        plan.columns[position].defaultSQL = nil
      } catch {
        plan.notes.append("generated column '\(column.name)' becomes an ordinary column: \(error)")
      }
    }
  }

  mutating func planChecks(of table: SourceTable, _ relation: Relation, into plan: inout TablePlan) {
    let translator = Translator(purpose: .check, table: relation)
    for check in table.checks {
      do {
        let condition = try translator.condition(Self.parsed(check.expression))
        let name = names.object(check.name ?? "\(plan.targetName)_check")
        plan.checks.append(CheckPlan(name: name, expression: condition))
      } catch {
        plan.notes.append("CHECK (\(check.expression)) is left out: \(error)")
      }
    }
  }

  static func parsed(_ text: String) throws(Untranslatable) -> Expression {
    do { return try Parser.expression(text) } catch { throw Untranslatable(error.reason) }
  }

  /// Plans the views that mean the same on the target; one may read others, in whatever order they are given.
  mutating func planViews(_ views: [SourceView], over tables: [Relation], into plan: inout TargetPlan) {
    var relations = tables
    var open: [(view: SourceView, parsed: CreateView, targetName: String)] = []
    for view in views {
      do {
        open.append((view, try Parser.createView(view.sql), names.object(view.name)))
      } catch {
        plan.viewsLeftOut.append(LeftOutView(name: view.name, reason: error.reason))
      }
    }
    var reasons: [String: String] = [:]
    var count = 0
    while count != open.count {
      count = open.count
      open.removeAll { view, parsed, targetName in
        do {
          let translation = try ViewTranslation(
            parsed, sql: PostgresText.identifier(plan.schema, targetName), relations: relations)
          relations.append(translation.relation)
          plan.views.append(
            ViewPlan(
              sourceName: view.name, targetName: targetName, columns: translation.relation.columns.map(\.name),
              query: translation.query))
          return true
        } catch {
          reasons[view.name] = "\(error)"
          return false
        }
      }
    }
    plan.viewsLeftOut += open.map { LeftOutView(name: $0.view.name, reason: reasons[$0.view.name] ?? "") }
  }
}
