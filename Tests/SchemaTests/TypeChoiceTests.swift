import Model
import Schema
import SchemaFixtures
import Testing

struct TypeChoiceTests {
  private func type(_ declared: String, _ seen: StorageClasses, wide: Bool = false, isKey: Bool = false) -> TargetType {
    TypeChoice.type(
      of: column("c", declared), facts: ColumnFacts(classes: seen, hasWideIntegers: wide), isKey: isKey)
  }

  /// Case 31: never int4, whatever the declaration says.
  @Test(arguments: ["INTEGER", "INT", "SMALLINT", "TINYINT", "MEDIUMINT", "BIGINT", "INT8", "UNSIGNED BIG INT"])
  func `integers become bigint`(_ declared: String) {
    #expect(type(declared, .integer) == .bigint)
    #expect(type(declared, []) == .bigint)
    #expect(type(declared, .integer, wide: true) == .bigint)
  }

  @Test(arguments: ["REAL", "DOUBLE", "DOUBLE PRECISION", "FLOAT"])
  func `reals become double precision`(_ declared: String) {
    #expect(type(declared, .real) == .double)
    #expect(type(declared, []) == .double)
    #expect(type(declared, [.real, .null]) == .double)
  }

  @Test(arguments: ["TEXT", "VARCHAR(10)", "NVARCHAR(255)", "CLOB", "CHARACTER(20)"])
  func `text becomes text that compares by bytes`(_ declared: String) {
    #expect(type(declared, .text) == .text)
    #expect(type(declared, []) == .text)
    #expect(type(declared, .text).sql == "text COLLATE \"C\"")
  }

  @Test func `blobs become bytea whatever is declared`() {
    for declared in ["BLOB", "BINARY(16)", "TEXT", "", "INTEGER"] { #expect(type(declared, .blob) == .bytea) }
    #expect(type("BLOB", []) == .bytea)
  }

  /// Case 28.
  @Test(arguments: ["DECIMAL(10,2)", "NUMERIC", "MONEY", "DECIMAL"])
  func `decimals become double precision unless that would round`(_ declared: String) {
    #expect(type(declared, .integer) == .double)
    #expect(type(declared, [.integer, .real]) == .double)
    #expect(type(declared, []) == .double)
    #expect(type(declared, .integer, wide: true) == .bigint)
    #expect(type(declared, [.integer, .real], wide: true) == .anyText)
  }

  /// Case 27.
  @Test func `dates and booleans stay what they are stored as`() {
    for declared in ["DATE", "DATETIME", "TIMESTAMP", "TIME"] {
      #expect(type(declared, .text).baseSQL == "text")
      #expect(type(declared, .integer) == .bigint)
      #expect(type(declared, .real) == .double)
      #expect(type(declared, []) == .anyText)
    }
    #expect(type("BOOLEAN", .integer) == .bigint)
    #expect(type("BOOLEAN", []) == .bigint)
    #expect(type("BOOLEAN", [.integer, .text]) == .anyText)
  }

  /// Case 26.
  @Test func `a mix of storage classes becomes text`() {
    #expect(type("INTEGER", [.integer, .text]) == .anyText)
    #expect(type("TEXT", [.text, .blob]) == .anyText)
    #expect(type("", [.integer, .real, .text, .blob]) == .anyText)
    #expect(type("INTEGER", [.integer, .real]) == .double)
  }

  @Test func `an untyped column without values takes everything`() {
    #expect(type("", []) == .anyText)
    #expect(type("", .null) == .anyText)
  }

  @Test func `a key takes only what cannot meet another key`() {
    #expect(type("", [], isKey: true) == .text)
    #expect(type("", .text, isKey: true) == .text)
    #expect(type("UUID", .text, isKey: true) == .keyText)
    #expect(type("DATE", [], isKey: true) == .keyText)
    #expect(type("INT", [.integer, .text], isKey: true) == .keyText)
    #expect(type("VARCHAR", .text, isKey: true) == .text)
    #expect(type("INT", .integer, isKey: true) == .bigint)
  }

  /// Case 9.
  @Test func `untyped keys of several storage classes could meet`() {
    func holds(_ declared: String, _ seen: StorageClasses) -> Bool {
      let key = table("t", [column("k", declared)], key: .columns([term("k")]), indexes: [primaryKey("k")])
      return Planner.keyHolds(Planner.Input(key, holding: ["k": seen]))
    }
    #expect(holds("", .integer))
    #expect(holds("", .text))
    #expect(holds("", .blob))
    #expect(!holds("", [.integer, .text]))
    #expect(!holds("", [.integer, .real]))
    #expect(!holds("", [.text, .blob]))
    #expect(!holds("", []))
    #expect(!holds("TEXT", [.text, .blob]))
    #expect(holds("BLOB", []))
    #expect(holds("TEXT", []))
    #expect(holds("INT", [.integer, .text]))
    #expect(holds("NUMERIC", [.integer, .real]))
  }

  /// Case 9.
  @Test func `a NULL anywhere in a key breaks it`() {
    let key = table(
      "t", [column("a", "INT"), column("b", "TEXT")], key: .columns([term("a"), term("b")]),
      indexes: [primaryKey("a", "b")])
    #expect(Planner.keyHolds(Planner.Input(key, holding: ["a": .integer, "b": .text])))
    #expect(!Planner.keyHolds(Planner.Input(key, holding: ["a": .integer, "b": [.text, .null]])))
    #expect(Planner.keyHolds(Planner.Input(table("t", [id]), holding: ["id": [.integer, .null]])))
  }

  @Test func `a key of more columns than an index takes does not hold`() {
    let columns = (0..<33).map { column("c\($0)", "INT") }
    let wide = table("t", columns, key: .columns(columns.map { term($0.name) }))
    #expect(!Planner.keyHolds(Planner.Input(wide)))
    let narrow = table("t", columns, key: .columns(columns.dropLast().map { term($0.name) }))
    #expect(Planner.keyHolds(Planner.Input(narrow)))
  }
}
