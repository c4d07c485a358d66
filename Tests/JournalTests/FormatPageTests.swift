@testable import Journal
import TestSupport
import Testing

/// FORMAT.md against the code.
struct FormatPageTests {
  private let page: String

  init() throws {
    page = String(decoding: try Files.read(Vectors.root + "/journal/FORMAT.md"), as: UTF8.self)
  }

  @Test func `shows the bytes of a vector as they are`() throws {
    let file = try Vectors.bytes("valid/simple.batch")
    #expect(page.contains(dump(file)))
    try file.withUnsafeBytes { bytes in
      let batch = try Batch(bytes: bytes, file: "simple")
      batch.withPayload { #expect(page.contains(dump(Array($0)))) }
    }
  }

  @Test(arguments: BatchFlaw.allCases)
  func `names a reason for a refusal`(flaw: BatchFlaw) {
    #expect(page.contains("`\(flaw.rawValue)`"))
  }

  /// The dump as the page has it, between its fences.
  private func dump(_ bytes: [UInt8]) -> String {
    let lines = stride(from: 0, to: bytes.count, by: 16).map { start in
      let digits = String(start, radix: 16)
      let address = String(repeating: "0", count: 8 - digits.count) + digits
      let row = bytes[start..<min(start + 16, bytes.count)].map { byte in
        [byte].withUnsafeBytes { Hexadecimal.text($0) }
      }
      return "\(address): \(row.joined(separator: " "))\n"
    }
    return "```\n\(lines.joined())```\n"
  }
}
