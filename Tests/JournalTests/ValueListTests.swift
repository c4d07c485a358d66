import Journal
import Model
import TestSupport
import Testing

/// Values outside a batch.
struct ValueListTests {
  @Test func `reads back what it wrote, and nothing that is cut, longer or random`() {
    let values: [Value] = [
      .null, .integer(.min), .integer(.max), .real(bits: 0x8000_0000_0000_0000), .text([0xFF, 0]), .blob([]),
      .text("é"),
    ]
    for count in 0...values.count {
      let list = Array(values.prefix(count))
      #expect(ValueList.decode(ValueList.encode(list)) == list)
    }
    let bytes = ValueList.encode(values)
    for count in bytes.indices { #expect(ValueList.decode(Array(bytes[..<count])) == nil) }
    #expect(ValueList.decode(bytes + [0]) == nil)
    var random = SeededRandom(seed: SeededRandom.seed(for: "value list"))
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...30, using: &random)
      _ = ValueList.decode((0..<count).map { _ in UInt8.random(in: 0...(count % 2 == 0 ? 5 : 255), using: &random) })
    }
  }
}
