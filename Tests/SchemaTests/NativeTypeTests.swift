import Model
import Schema
import SchemaFixtures
import Testing

/// Which types PostgreSQL has for what is declared, and when a column gets them.
struct NativeTypeTests {
  private func candidates(_ declared: String, _ settings: ColumnSettings = ColumnSettings()) -> [String] {
    TypeCandidates.candidates(of: column("c", declared), settings).map(\.type.description)
  }

  /// Facts of a column of which all values fit, except for `misfits` by type.
  private func facts(
    _ declared: String, _ classes: StorageClasses, misfits: [TargetType: Int64] = [:], spellings: [Spelling] = [],
    _ settings: ColumnSettings = ColumnSettings(), change: (inout ColumnFacts) -> Void = { _ in }
  ) -> ColumnFacts {
    var facts = ColumnFacts(classes: classes)
    facts.candidates = TypeCandidates.candidates(of: column("c", declared), settings)
    for index in facts.candidates.indices {
      facts.candidates[index].misfits = misfits[facts.candidates[index].type] ?? 0
      facts.candidates[index].spellings = spellings
    }
    change(&facts)
    return facts
  }

  private func choose(
    _ declared: String, _ classes: StorageClasses, misfits: [TargetType: Int64] = [:], spellings: [Spelling] = [],
    role: ColumnRole = [], _ settings: ColumnSettings = ColumnSettings(),
    change: (inout ColumnFacts) -> Void = { _ in }
  ) -> ChosenType {
    TypeChoice.choose(
      column("c", declared),
      facts: facts(declared, classes, misfits: misfits, spellings: spellings, settings, change: change), role: role,
      settings)
  }

  /// Cases 27 to 29 and 31.
  @Test(arguments: [
    ("BOOLEAN", "boolean"), ("bool", "boolean"), ("DATE", "date timestamp"), ("DATETIME", "timestamp timestamptz"),
    ("TIMESTAMP", "timestamp timestamptz"), ("timestamp with time zone", "timestamptz timestamp"), ("TIME", "time"),
    ("DECIMAL(10, 2)", "numeric(10,2) numeric double precision"), ("NUMERIC", "numeric double precision"),
    ("NUMERIC(5)", "numeric(5,0) numeric double precision"), ("NUMERIC(2,5)", "numeric double precision"),
    ("MONEY", "numeric double precision"), ("UUID", "uuid"), ("UNIQUEIDENTIFIER", "uuid"), ("JSON", "json"),
    ("JSONB", "jsonb"), ("REAL", "double precision"), ("BIGINT", "bigint"), ("SMALLINT", "bigint"),
    ("VARCHAR(20)", "text"), ("TEXT", "text"), ("BLOB", "bytea"), ("VARBINARY(16)", "bytea"), ("", ""), ("ODD", ""),
  ])
  func `a declaration names the types to try, the best first`(_ declared: String, _ expected: String) {
    #expect(candidates(declared).joined(separator: " ") == expected)
  }

  @Test func `strict types have the declared limits, storage types none`() {
    let strict = ColumnSettings(types: .strict)
    #expect(candidates("SMALLINT", strict) == ["smallint", "integer", "bigint"])
    #expect(candidates("INT", strict) == ["integer", "bigint"])
    #expect(candidates("BIGINT", strict) == ["bigint"])
    #expect(candidates("VARCHAR(20)", strict) == ["varchar(20)", "text"])
    #expect(candidates("DATE", strict) == ["date", "timestamp"])
    #expect(TypeCandidates.candidates(of: id, strict, isRowid: true).map(\.type) == [.bigint])
    let storage = ColumnSettings(types: .storage)
    #expect(candidates("DATE", storage) == [])
    #expect(candidates("VARCHAR(20)", storage) == ["text"])
  }

  @Test func `where the zone of times is known they are points in time`() {
    let berlin = ColumnSettings(zone: "Europe/Berlin")
    #expect(candidates("DATETIME", berlin) == ["timestamptz", "timestamp"])
    #expect(candidates("DATE", berlin) == ["date", "timestamptz", "timestamp"])
    #expect(candidates("TIMESTAMPTZ", berlin) == ["timestamptz", "timestamp"])
  }

  @Test func `the first type that every value fits is chosen`() {
    #expect(choose("DATE", .text).type == .date)
    #expect(choose("DATE", .text, misfits: [.date: 1]).type == .timestamp)
    #expect(choose("DECIMAL(10,2)", .real).type == .numeric(NumericLimits(precision: 10, scale: 2)))
    #expect(
      choose("DECIMAL(10,2)", .real, misfits: [.numeric(NumericLimits(precision: 10, scale: 2)): 3]).type
        == .numeric(nil))
  }

  @Test func `values that fit nothing keep what carries them, and are counted`() {
    let choice = choose("BOOLEAN", .integer, misfits: [.boolean: 1]) {
      $0.counts.integer = 7
      $0.candidates[0].byReason = [.init(reason: "holds a number beyond what boolean takes", count: 1)]
    }
    #expect(choice.type == .bigint)
    #expect(
      choice.notes == [
        "column 'c': 1 of 7 values are no boolean (holds a number beyond what boolean takes: 1): it becomes bigint; "
          + "mend them, or choose with --type"
      ])
    #expect(choose("DATETIME", [.text, .integer], misfits: [.timestamp: 1, .timestamptz: 2]).type == .anyText)
  }

  @Test func `a column without values takes its declared type`() {
    for (declared, type) in [("BOOLEAN", TargetType.boolean), ("DATE", .date), ("UUID", .uuid), ("JSON", .json)] {
      #expect(TypeChoice.choose(column("c", declared), facts: ColumnFacts()).type == type)
      #expect(TypeChoice.choose(column("c", declared), facts: ColumnFacts(), role: .key).type != type)
    }
    #expect(TypeChoice.choose(column("c", "INT"), facts: ColumnFacts(), role: .key).type == .bigint)
    #expect(TypeChoice.choose(column("c", ""), facts: ColumnFacts()).type == .anyText)
  }

  /// Case 27.
  @Test func `numbers are times only where their windows tell the unit`() {
    #expect(Reading.Numbers(recognising: Int64(1_700_000_000)) == .seconds)
    #expect(Reading.Numbers(recognising: Int64(1_700_000_000_000)) == .milliseconds)
    #expect(Reading.Numbers(recognising: Int64(1_700_000_000_000_000)) == .microseconds)
    #expect(Reading.Numbers(recognising: Double(2_460_000.5)) == .julianDay)
    #expect(Reading.Numbers(recognising: Double(1_700_000_000.25)) == .seconds)
    #expect(Reading.Numbers(recognising: Int64(0)) == nil)
    #expect(Reading.Numbers(recognising: Double.infinity) == nil)
    func epoch(_ range: ClosedRange<Int64>, time: Overrides.Time? = nil) -> ChosenType {
      choose("DATETIME", .integer, ColumnSettings(time: time)) {
        $0.integers = range
        for index in $0.candidates.indices { $0.candidates[index].reading.numbers = .seconds }
      }
    }
    let known = epoch(1_600_000_000...1_700_000_000)
    #expect(known.type == .timestamp)
    #expect(known.reading.numbers == .seconds)
    #expect(known.notes == ["column 'c': numbers are read as Unix time in seconds; say otherwise with --time"])
    #expect(epoch(0...1_700_000_000).type == .bigint)
    let told = epoch(0...1_700_000_000, time: .numbers(.seconds))
    #expect(told.type == .timestamp)
    #expect(told.notes == [])
  }

  /// Two spellings of one value are two keys in SQLite.
  @Test(arguments: [ColumnRole.key, .unique])
  func `a key is native only where one spelling was seen, which it keeps`(_ role: ColumnRole) {
    let spelling = Spelling(rawValue: 11)
    let one = choose("UUID", .text, spellings: [spelling], role: role)
    #expect(one.type == .uuid)
    #expect(one.reading.spelling == spelling)
    let two = choose("UUID", .text, spellings: [spelling, Spelling(rawValue: 19)], role: role)
    #expect(two.type == (role == .key ? .keyText : .anyText))
    #expect(choose("JSON", .text, spellings: [spelling], role: role).type.isText)
    #expect(choose("DECIMAL", [.integer, .real], role: role).type == .numeric(nil))
    #expect(choose("DECIMAL", [.integer, .text], role: role).type.isText)
    #expect(choose("JSON", .text, role: .indexed).type == .anyText)
  }

  @Test func `text in another case may be equal where the column says so`() {
    let name = column("c", "TEXT", collation: "NOCASE")
    func type(_ role: ColumnRole = [], beyondASCII: Int64 = 0, citext: Bool = true) -> TargetType {
      var facts = ColumnFacts(classes: .text)
      facts.textsBeyondASCII = beyondASCII
      return TypeChoice.choose(name, facts: facts, role: role, hasCitext: citext).type
    }
    #expect(type() == .citext)
    #expect(type(citext: false) == .text)
    #expect(type(.key) == .text)
    #expect(type([.unique, .indexed]) == .citext)
    #expect(type([.unique, .indexed], beyondASCII: 1) == .text)
    #expect(type(.indexed, beyondASCII: 1) == .citext)
  }

  @Test func `NUL characters make a column bytea where that is wanted`() {
    let settings = ColumnSettings(nul: .bytea)
    let choice = choose("TEXT", .text, misfits: [.text: 1], settings)
    #expect(choice.type == .bytea)
    #expect(choice.reading.nul == .bytea)
    #expect(choose("TEXT", .text, settings).type == .text)
    #expect(choose("TEXT", .text, misfits: [.text: 1], role: .key, settings).type == .text)
    #expect(choose("TEXT", .text, ColumnSettings(nul: .strip)).reading.nul == .strip)
    #expect(choose("TEXT", .text, role: .key, ColumnSettings(nul: .strip)).reading.nul == .fail)
  }
}
