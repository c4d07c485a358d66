@testable import Journal
import Model
import TestSupport
import Testing

/// Hostile and damaged bytes.
struct DamageTests {
  @Test func `refuses a batch with a flipped bit`() throws {
    let good = try Samples.file()
    try read(good)
    for offset in good.indices {
      for bit in 0..<8 {
        var bytes = good
        bytes[offset] ^= 1 << bit
        #expect(throws: JournalError.self, "bit \(bit) of byte \(offset)") { try read(bytes) }
      }
    }
  }

  @Test func `refuses a batch cut short anywhere`() throws {
    let good = try Samples.file()
    for count in good.indices {
      #expect(throws: JournalError.self, "\(count) bytes") { try read(Array(good[..<count])) }
    }
  }

  @Test func `refuses a payload cut short anywhere, whatever the checksums say`() throws {
    var entries = EntryEncoder()
    try Samples.fill(&entries)
    let payload = Array(entries.payload)
    for count in payload.indices {
      let file = try Samples.file(payload: Array(payload[..<count]), entryCount: entries.entryCount)
      #expect(throws: JournalError.self, "\(count) bytes") { try read(file) }
    }
  }

  @Test func `never traps on random bytes behind checksums that hold`() throws {
    let seed = SeededRandom.seed(for: "garbage")
    var random = SeededRandom(seed: seed)
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...60, using: &random)
      // Small numbers are kinds, tags and lengths: they lead deeper.
      let payload = (0..<count).map { _ in UInt8.random(in: 0...(Bool.random(using: &random) ? 5 : 255), using: &random)
      }
      let file = try Samples.file(payload: payload, entryCount: .random(in: 0...UInt32(count / 3), using: &random))
      _ = try? read(file)
      _ = try? json(file)
    }
  }

  @Test func `never traps on a real payload with random changes`() throws {
    let seed = SeededRandom.seed(for: "mutation")
    var random = SeededRandom(seed: seed)
    for _ in 0..<60 {
      var entries = EntryEncoder()
      try RandomBatch(using: &random).fill(&entries)
      let payload = Array(entries.payload)
      if payload.isEmpty { continue }
      for _ in 0..<20 {
        var changed = payload
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          changed[.random(in: changed.indices, using: &random)] = .random(in: 0...255, using: &random)
        }
        let file = try Samples.file(payload: changed, entryCount: entries.entryCount)
        _ = try? json(file)
      }
    }
  }

  @Test func `never traps on a random header whose checksum holds`() throws {
    let seed = SeededRandom.seed(for: "header")
    var random = SeededRandom(seed: seed)
    let good = try Samples.file()
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[.random(in: 12..<124, using: &random)] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
      }
      let checksum = bytes.withUnsafeBytes { Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<124])) }
      withUnsafeBytes(of: checksum.bigEndian) { bytes.replaceSubrange(124..<128, with: $0) }
      _ = try? read(bytes)
    }
  }

  @Test func `takes the widest table and refuses a wider one`() throws {
    for (count, holds) in [(BatchLimits.columns, true), (BatchLimits.columns + 1, false)] {
      let table = JournalTable(
        id: TableID(1), name: "wide", columns: (0..<count).map { "c\($0)" }, keyPositions: Array((0..<count).reversed())
      )
      var entries = EntryEncoder()
      guard holds else {
        #expect(throws: JournalError.self) { try entries.declare(table) }
        continue
      }
      try entries.declare(table)
      entries.beginUpsert(table.id)
      for number in 0..<count { entries.integer(Int64(number)) }
      try read(Samples.file(Samples.header(), entries))
    }
  }
}
