import Model

/// A view in PostgreSQL's words, with what it is to the views over it.
package struct ViewTranslation: Sendable, Hashable {
  /// The whole CREATE VIEW.
  package var sql: String
  package var relation: Relation

  /// Translates a view that reads the given tables and views; `sql` is the name that it gets.
  package init(_ view: CreateView, sql name: String, relations: [Relation]) throws(Untranslatable) {
    let translator = Translator(purpose: .view, relations: relations)
    let selected = try translator.translate(view.select)
    let columns = try Translator.renamed(selected.columns, view.columns)
    var list: [String] = []
    for column in columns { list.append(try translator.identifier(column.name)) }
    sql = "CREATE VIEW \(name) (\(list.joined(separator: ", "))) AS \(selected.sql)"
    relation = Relation(name: view.name, sql: name, columns: columns)
  }
}
