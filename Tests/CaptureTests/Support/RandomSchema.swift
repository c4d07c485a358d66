import TestSupport

/// Makes tables of random keys, affinities, collations, defaults and UNIQUE indexes.
struct RandomSchema {
  private(set) var sql: [String] = []
  private(set) var tables: [RandomScript.Table] = []
  private var random: SeededRandom

  init(random: SeededRandom) {
    self.random = random
    for name in ["a", "b"] { addTable(name) }
  }

  private static let collations = ["", "", "", "COLLATE NOCASE", "COLLATE RTRIM", "COLLATE BINARY"]

  private mutating func addTable(_ name: String) {
    let columns = (0..<(2 + random.below(3))).map { "c\($0)" }
    let key = random.below(5)
    let isWithoutRowid = key >= 3
    var definitions = columns.map { column in
      let type = random.pick(["", "", "INT", "TEXT", "TEXT", "REAL", "NUMERIC", "BLOB"])
      let collation = random.pick(Self.collations)
      // What is part of the key must not be NULL: two such rows could have one key.
      let isRequired = (key >= 2 && column <= "c1") || random.isOne(in: 5)
      let fallback =
        isRequired && random.isOne(in: 2) ? "DEFAULT \(random.pick(["2", "'a'", "1.0", "'1'", "(lower('B'))"]))" : ""
      let unique = random.isOne(in: 4) ? "UNIQUE \(random.isOne(in: 3) ? "ON CONFLICT REPLACE" : "")" : ""
      return "\(column) \(type) \(collation) \(isRequired ? "NOT NULL" : "") \(fallback) \(unique)"
    }
    switch key {
    case 0: break
    case 1: definitions.insert("id INTEGER PRIMARY KEY", at: random.below(definitions.count))
    case 2, 3: definitions.append("PRIMARY KEY (c1 \(random.pick(Self.collations)), c0)")
    default: definitions.append("PRIMARY KEY (c1 \(random.pick(Self.collations)) DESC)")
    }
    sql.append("CREATE TABLE \(name) (\(definitions.joined(separator: ", "))) \(isWithoutRowid ? "WITHOUT ROWID" : "")")
    for number in 0..<random.below(3) {
      let terms = (0...random.below(2)).map { _ in term(random.pick(columns)) }.joined(separator: ", ")
      sql.append("CREATE UNIQUE INDEX \(name)\(number) ON \(name) (\(terms)) \(predicate(random.pick(columns)))")
    }
    tables.append(
      RandomScript.Table(
        name: name, columns: columns + (key == 1 ? ["id"] : []), rowid: isWithoutRowid ? nil : "rowid"))
  }

  private mutating func term(_ column: String) -> String {
    // No comparison: for a value that its column's type did not convert a probe compares without the column's affinity.
    let expression = random.pick([
      column, column, column, "lower(\(column))", "\(column) || 'x'", "\(column) + 1", "typeof(\(column))",
      "coalesce(\(column), 0)", "length(\(column))", "\(column) IS NULL", "-\(column)", "\(column) LIKE 'a%'",
    ])
    return "\(expression) \(random.pick(Self.collations)) \(random.isOne(in: 3) ? "DESC" : "")"
  }

  private mutating func predicate(_ column: String) -> String {
    random.pick([
      "", "", "", "WHERE \(column) > 1", "WHERE \(column) IS NOT NULL", "WHERE typeof(\(column)) = 'text'",
      "WHERE \(column) <> 'a' AND \(column) <> 1", "WHERE \(column) = 'a' OR \(column) < 2",
      "WHERE \(column) GLOB 'a*'",
    ])
  }
}
