import Dialect
import Model

/// Text as each kind of statement that the parser reads; what it makes of it is translated for each purpose.
@c(LLVMFuzzerTestOneInput)
public func fuzzSQL(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  if let expression = try? Parser.expression(text) {
    for purpose in [Purpose.check, .predicate, .index, .generated, .view, .initial] {
      let translator = Translator(purpose: purpose, table: table)
      _ = try? translator.condition(expression)
      _ = try? translator.indexTerm(expression, collation: nil)
      _ = try? translator.generated(expression, kind: .text, affinity: .text)
    }
  }
  _ = try? Parser.select(text)
  _ = try? Parser.createTable(text)
  _ = try? Parser.createIndex(text)
  if let view = try? Parser.createView(text) { _ = try? ViewTranslation(view, sql: "v", relations: [table]) }
  return 0
}

private let table = Relation(
  name: "t", sql: "t",
  columns: [
    ScopeColumn("a", .bigint, affinity: .integer), ScopeColumn("b", .text, affinity: .text, collation: "NOCASE"),
    ScopeColumn("c", .unknown, affinity: .blob), ScopeColumn("d", .timestamp(.text(.second)), affinity: .numeric),
    ScopeColumn("e", .jsonb, affinity: .text), ScopeColumn("f", .double(.mixed), affinity: .numeric),
  ], key: ["a"])
