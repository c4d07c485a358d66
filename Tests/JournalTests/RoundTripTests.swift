@testable import Journal
import Model
import TestSupport
import Testing

/// What goes in comes out, here and in Python.
struct RoundTripTests {
  @Test func `reads back what it wrote`() throws {
    var random = SeededRandom(seed: SeededRandom.seed(for: "round trip"))
    var entries = EntryEncoder()
    for _ in 0..<200 {
      let batch = RandomBatch(using: &random)
      entries.removeAll()
      try batch.fill(&entries)
      let file = try Samples.file(batch.header, entries)
      try file.withUnsafeBytes { bytes in
        let read = try Batch(bytes: bytes, file: "memory")
        var rows = batch.rows.makeIterator()
        try read.withEntries { cursor in
          while let entry = try cursor.next() {
            switch (entry, rows.next()) {
            case (.upsert(let table), .upsert(let expected, let values)),
              (.delete(let table), .delete(let expected, let values)):
              #expect(table == expected)
              for value in values { #expect(try cursor.value().owned == value) }
            case (.replaceTable(let table), .replace(let expected)):
              #expect(table == expected)
            default: Issue.record("another entry")
            }
          }
          #expect(cursor.schemaChange == batch.change)
        }
        #expect(rows.next() == nil)
      }
    }
  }

  @Test func `Python reads random batches as Swift does`() async throws {
    var random = SeededRandom(seed: SeededRandom.seed(for: "Python"))
    let directory = try TemporaryDirectory()
    var entries = EntryEncoder()
    var paths: [String] = []
    var expected: [String] = []
    for number in 0..<60 {
      let batch = RandomBatch(using: &random)
      entries.removeAll()
      try batch.fill(&entries)
      let file = try Samples.file(batch.header, entries)
      paths.append("\(directory.path)/\(number).batch")
      try Files.write(file, to: paths[number])
      expected.append(try json(file))
    }
    let lines = try await Python.read(paths)
    #expect(lines.count == expected.count)
    for (line, text) in zip(lines, expected) { #expect(try BatchJSON(line) == BatchJSON(text)) }
  }

  @Test func `Python agrees with every vector`() async throws {
    let valid = Vectors.names(in: "valid")
    let lines = try await Python.read(valid.map { "\(Vectors.folder)/valid/\($0).batch" })
    #expect(lines.count == valid.count)
    for (line, name) in zip(lines, valid) {
      #expect(try BatchJSON(line) == BatchJSON(Vectors.text("valid/\(name).json")), "\(name)")
    }
    let reasons = try Vectors.reasons().sorted { $0.key < $1.key }
    let refusals = try await Python.read(reasons.map { "\(Vectors.folder)/invalid/\($0.key).batch" })
    let expected = reasons.map { "{\"file\":\"\($0.key).batch\",\"invalid\":\"\($0.value)\"}" }
    #expect(refusals == expected)
  }

  @Test func `Python refuses what Swift refuses, for the same reason`() async throws {
    var random = SeededRandom(seed: SeededRandom.seed(for: "Python's refusals"))
    let directory = try TemporaryDirectory()
    var entries = EntryEncoder()
    var paths: [String] = []
    var expected: [String?] = []
    for number in 0..<400 {
      entries.removeAll()
      try RandomBatch(using: &random).fill(&entries)
      var payload = Array(entries.payload.prefix(.random(in: 1...300, using: &random)))
      for _ in 0..<Int.random(in: 0...3, using: &random) where !payload.isEmpty {
        let change: UInt8 = [0, 1, 2, 3, 4, 5, 6, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
        payload[.random(in: payload.indices, using: &random)] = change
      }
      let count = min(entries.entryCount, UInt32(payload.count / 3))
      let file = try Samples.file(payload: payload, entryCount: count)
      paths.append("\(directory.path)/\(number).batch")
      try Files.write(file, to: paths[number])
      do {
        try read(file)
        expected.append(nil)
      } catch JournalError.invalid(_, let flaw, _) {
        expected.append("{\"file\":\"\(number).batch\",\"invalid\":\"\(flaw.rawValue)\"}")
      }
    }
    let lines = try await Python.read(paths)
    #expect(lines.count == expected.count)
    for (line, text) in zip(lines, expected) {
      if let text { #expect(line == text) } else { #expect(!line.contains("\"invalid\"")) }
    }
    #expect(Set(expected).count > 8, "the changes lead to few reasons")
  }

  @Test func `skips values that nobody asked for`() throws {
    let file = try Samples.file()
    try file.withUnsafeBytes { bytes in
      let batch = try Batch(bytes: bytes, file: "memory")
      try batch.withEntries { entries in
        guard case .upsert(let table)? = try entries.next() else { Issue.record("no upsert"); return }
        #expect(table == Samples.table)
        guard case .integer(1) = try entries.value() else { Issue.record("not 1"); return }
        guard case .delete? = try entries.next() else { Issue.record("no delete"); return }
        #expect(try entries.next()?.table == nil)
        #expect(try entries.next()?.table == nil)
      }
    }
  }
}
