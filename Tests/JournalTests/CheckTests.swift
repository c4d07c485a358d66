@testable import Journal
import Glibc
import Model
import TestSupport
import Testing

/// `changeover journal check`.
struct CheckTests {
  /// A journal of five files with something done to it, and the kinds of findings by file.
  private func findings(_ change: (borrowing TestJournal) throws -> Void) throws -> [String] {
    var journal = try TestJournal()
    try journal.fill()
    try change(journal)
    return try journal.directory.check(source: Samples.source).map { finding in
      let name = BatchName(finding.file).map { "\($0.group)-\($0.part)" } ?? finding.file
      return "\(name) \(finding.kind.rawValue)"
    }
  }

  @Test func `finds nothing wrong with a whole journal, nor with temporary files and torn ones`() throws {
    #expect(
      try findings { journal in
        for suffix in [".tmp", ".torn"] { try Files.write([], to: journal.path(4) + suffix) }
      } == [])
  }

  @Test func `finds a missing group`() throws {
    #expect(try findings { unlink($0.path(1)) } == [])
    #expect(try findings { for part: UInt32 in 0...2 { unlink($0.path(2, part)) } } == ["3-0 missing"])
  }

  @Test func `finds a missing part`() throws {
    #expect(try findings { unlink($0.path(2, 0)) } == ["2-1 missing"])
    #expect(try findings { unlink($0.path(2, 1)) } == ["2-2 missing"])
    #expect(try findings { unlink($0.path(2, 2)) } == ["3-0 missing"])
    #expect(try findings { for name in [$0.path(1), $0.path(2)] { unlink(name) } } == ["2-1 missing"])
  }

  @Test func `finds a group without an end`() throws {
    #expect(try findings { for name in [$0.path(3), $0.path(2, 2)] { unlink(name) } } == ["2-1 unfinished"])
  }

  @Test func `finds a copy under another name`() throws {
    #expect(try findings { try Files.write(Files.read($0.path(3)), to: $0.path(4)) } == ["4-0 misnamed"])
    #expect(try findings { try Files.write(Files.read($0.path(1)), to: $0.path(3)) } == ["3-0 misnamed"])
  }

  @Test func `finds a file that is no batch`() throws {
    #expect(try findings { try Files.write([1], to: $0.directory.path + "/notes.txt") } == ["notes.txt foreign_file"])
  }

  @Test func `finds a flipped bit, in a header and in a payload`() throws {
    for offset in [70, 130] {
      let found = try findings { journal in
        var bytes = try Files.read(journal.path(2, 1))
        bytes[offset] ^= 1
        try Files.write(bytes, to: journal.path(2, 1))
      }
      #expect(found == ["2-1 damaged"])
    }
  }

  @Test func `finds an entry that does not decode behind checksums that hold`() throws {
    let found = try findings { journal in
      let header = try journal.directory.header(of: BatchName(group: GroupNumber(3), part: 0))
      try replace(header, payload: [9, 9, 9], in: journal)
    }
    #expect(found == ["3-0 damaged"])
  }

  @Test func `finds a file that was written after another history`() throws {
    let found = try findings { journal in
      let header = try journal.directory.header(of: BatchName(group: GroupNumber(1), part: 0))
      try replace(header, payload: [], in: journal)
    }
    #expect(found == ["2-0 chain"])
  }

  @Test func `finds a batch of another source, and sequences and groups that do not go on`() throws {
    func change(_ change: (inout BatchHeader) -> Void) throws -> [String] {
      try findings { journal in
        var header = try journal.directory.header(of: BatchName(group: GroupNumber(2), part: 2))
        change(&header)
        try replace(header, payload: [], in: journal)
      }
    }
    #expect(try change { $0.source = RandomID(high: 1, low: 2) } == ["2-2 foreign_source", "3-0 chain"])
    #expect(try change { $0.last = ChangeNumber(19) } == ["2-2 sequence", "3-0 chain", "3-0 sequence"])
    #expect(try change { $0.last = ChangeNumber(21) } == ["3-0 chain", "3-0 sequence"])
    #expect(try change { $0.after = ChangeNumber(9) } == ["2-2 group", "3-0 chain"])
    #expect(try change { $0.direction = .reverse } == ["2-2 group", "3-0 chain"])
    #expect(try change { $0.moreFollows = true } == ["3-0 missing"])
  }

  @Test func `says so where nothing can be read`() throws {
    let found = try findings { journal in
      unlink(journal.path(3))
      symlink("/dev/null", journal.path(3))
    }
    #expect(found == ["3-0 damaged"])
  }

  /// Puts another payload under a header, which keeps its place in the chain.
  private func replace(_ header: BatchHeader, payload: [UInt8], in journal: borrowing TestJournal) throws {
    var encoder = BatchEncoder()
    try payload.withUnsafeBytes { payload in
      let count = UInt32(payload.count / 3)
      _ = try encoder.encode(
        header, payload: payload, entryCount: count, previousChecksum: header.previousChecksum)
    }
    try Files.write(Array(encoder.bytes), to: journal.directory.path(of: header.name))
  }
}
