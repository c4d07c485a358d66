import TestSupport
import Testing

@testable import Conversion

/// Case 25.
struct TextCheckTests {
  private func misfit(_ bytes: [UInt8]) -> Misfit? { bytes.withUnsafeBytes { TextCheck.misfit($0) } }

  /// What Swift's own validator says, with NUL refused on top.
  private func isText(_ bytes: [UInt8]) -> Bool {
    !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
  }

  @Test func `NUL at every place is found`() {
    for length in 1...40 {
      for place in 0..<length {
        var bytes = [UInt8](repeating: 0x61, count: length)
        bytes[place] = 0
        #expect(misfit(bytes) == .nul)
      }
    }
    #expect(misfit([]) == nil)
  }

  /// Two bytes of every kind and what goes on after them, at every offset from the eight-byte steps.
  @Test func `every sequence of two bytes agrees with Swift's validator`() {
    var wrong = 0
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max where (misfit([first, second]) == nil) != isText([first, second]) {
        wrong += 1
      }
    }
    #expect(wrong == 0)
  }

  private static let tails: [[UInt8]] = [
    [], [0x41], [0x7F], [0x80], [0xBF], [0xC0], [0x80, 0x80], [0xBF, 0xBF], [0x80, 0x41], [0x41, 0x80], [0x80, 0xC0],
    [0x80, 0x80, 0x80], [0x80, 0x41, 0x80], [0xBF, 0xBF, 0xBF], [0x80, 0x80, 0x80, 0x80],
  ]

  @Test(arguments: 0...17)
  func `sequences at an offset agree with Swift's validator`(_ offset: Int) {
    // Leads: ASCII, stray, overlong, two, three (overlong, surrogates), four (overlong, too large), never used.
    let leads: [UInt8] = [
      0x41, 0x80, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]
    let seconds: [UInt8] = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    var wrong: [[UInt8]] = []
    for lead in leads {
      for second in seconds {
        for tail in Self.tails {
          for after in [0, 1, 9] {
            let bytes =
              [UInt8](repeating: 0x61, count: offset) + [lead, second] + tail + [UInt8](repeating: 0x7A, count: after)
            if (misfit(bytes) == nil) != isText(bytes) { wrong.append(bytes) }
          }
        }
        let cut = [UInt8](repeating: 0x61, count: offset) + [lead]
        if (misfit(cut) == nil) != isText(cut) { wrong.append(cut) }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3))")
  }

  @Test func `every scalar is taken, whole and not cut`() {
    var wrong = 0
    for value in stride(from: UInt32(1), through: 0x10FFFF, by: 13) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let bytes = Array(String(Character(scalar)).utf8)
      if misfit(bytes) != nil { wrong += 1 }
      if bytes.count > 1, misfit(Array(bytes.dropLast())) == nil { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test func `random bytes agree with Swift's validator`() {
    var random = SeededRandom(seed: 25)
    let pieces: [[UInt8]] = [
      Array("plain ".utf8), Array("é".utf8), Array("漢".utf8), Array("🚚".utf8), [0xED, 0xA0, 0x80],
      [0xF4, 0x90, 0x80, 0x80],
      [0xC0, 0x80], [0xE2, 0x82], [0],
    ]
    var wrong = 0
    for _ in 0..<5_000 {
      var bytes: [UInt8] = []
      let isGood = random.isOne(in: 2)
      for _ in 0..<random.below(12) { bytes += pieces[random.below(isGood ? 4 : pieces.count)] }
      if (misfit(bytes) == nil) != isText(bytes) { wrong += 1 }
    }
    #expect(wrong == 0)
  }
}
