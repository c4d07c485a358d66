@testable import Journal
import Model
import Testing

/// The golden files, which Python wrote.
struct VectorTests {
  @Test(arguments: Vectors.names(in: "valid"))
  func `reads a valid vector as its JSON says`(name: String) throws {
    let text = try json(Vectors.bytes("valid/\(name).batch"))
    #expect(try BatchJSON(text) == BatchJSON(Vectors.text("valid/\(name).json")))
  }

  @Test(arguments: Vectors.names(in: "valid"))
  func `writes the payload and header of a valid vector`(name: String) throws {
    let expected = try Vectors.bytes("valid/\(name).batch")
    var entries = EntryEncoder()
    let batch = try BatchJSON(Vectors.text("valid/\(name).json"))
    try fill(&entries, batch.entries)
    try expected.withUnsafeBytes { bytes in
      let golden = try Batch(bytes: bytes, file: name)
      golden.withPayload { #expect($0.elementsEqual(entries.payload)) }
      var encoder = BatchEncoder()
      let header = try encoder.encode(golden.header, entries, previousChecksum: golden.header.previousChecksum)
      // Another zlib or level may compress otherwise; everything before the lengths is ours.
      #expect(encoder.bytes.prefix(104).elementsEqual(bytes.prefix(104)))
      #expect(header.rawLength == golden.header.rawLength && header.entryCount == golden.header.entryCount)
    }
  }

  @Test func `refuses each invalid vector for its reason`() throws {
    let reasons = try Vectors.reasons()
    #expect(Set(Vectors.names(in: "invalid")) == Set(reasons.keys))
    for (name, reason) in reasons {
      let error = #expect(throws: JournalError.self, "\(name)") { try read(Vectors.bytes("invalid/\(name).batch")) }
      guard case .invalid(_, let flaw, _) = error else { continue }
      #expect(flaw.rawValue == reason, "\(name)")
    }
  }

  @Test func `refuses each invalid vector as a file`() throws {
    for (name, reason) in try Vectors.reasons() {
      let path = "\(Vectors.folder)/invalid/\(name).batch"
      let error = #expect(throws: JournalError.self, "\(name)") {
        let batch = try Batch(reading: path)
        try batch.validate()
      }
      guard case .invalid(path, let flaw, _) = error else { continue }
      #expect(flaw.rawValue == reason, "\(name)")
      #expect(error?.failure.status == .badData)
    }
  }

  @Test func `has an invalid vector for every reason`() throws {
    #expect(Set(try Vectors.reasons().values) == Set(BatchFlaw.allCases.map(\.rawValue)))
  }

  @Test func `finds nothing wrong with the journal of the vectors`() throws {
    let directory = JournalDirectory(path: Vectors.folder + "/journal")
    #expect(try directory.check(source: Samples.source) == [])
    var text = ""
    for file in try directory.files() {
      let batch = try directory.batch(file.name)
      try batch.writeJSON { text += $0 }
    }
    let expected = try Vectors.text("journal.jsonl").split(separator: "\n")
    let found = try text.split(separator: "\n").map { try BatchJSON(String($0)) }
    #expect(try found == expected.map { try BatchJSON(String($0)) })
    let groups = try directory.groups(after: GroupNumber(4))
    #expect(groups.map(\.number.rawValue) == [5, 6, 7, 8, 9] && groups.map(\.parts.count) == [1, 3, 1, 1, 1])
  }

  /// Appends entries as their JSON has them, rows by the last table declared under their name.
  private func fill(_ encoder: inout EntryEncoder, _ entries: [BatchJSON.Entry]) throws {
    var tables: [String: TableID] = [:]
    for (index, entry) in entries.enumerated() {
      switch (entry.op, entry.key) {
      case ("table", .positions(let key)):
        let id = TableID(try #require(entry.id))
        let (name, columns) = (try #require(entry.name), try #require(entry.columns))
        let table = JournalTable(id: id, name: name, columns: columns, keyPositions: key)
        let isReplaced = index + 1 < entries.count && entries[index + 1].op == "replace"
        if isReplaced { try encoder.replace(table) } else { try encoder.declare(table) }
        tables[name] = id
      case ("schema", nil):
        encoder.changeSchema(try #require(entry.change))
      case ("replace", nil):
        #expect(entry.table == entries[index - 1].name)
      case ("upsert", nil):
        encoder.beginUpsert(try #require(tables[entry.table ?? "?"]))
        for item in try #require(entry.values) { encoder.value(item?.value ?? .null) }
      case ("delete", let key?):
        encoder.beginDelete(try #require(tables[entry.table ?? "?"]))
        guard case .values(let items) = key else {
          Issue.record("positions in a delete")
          return
        }
        for item in items { encoder.value(item?.value ?? .null) }
      default:
        Issue.record("unknown entry \(entry.op)")
      }
    }
  }
}
