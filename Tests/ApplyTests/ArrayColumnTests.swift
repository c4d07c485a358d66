import Conversion
import Model
import Schema
import Testing

@testable import Apply

struct ArrayColumnTests {
  @Test func `an array column is what array_recv reads`() throws {
    let codec = try ColumnCodec(.bigint)
    let column = ArrayColumn(elementType: 20)
    var buffer = WireBuffer()
    _ = Conversion.append(.integer(5), as: codec, to: &buffer)
    column.append(field: buffer.bytes)
    buffer.removeAll()
    _ = Conversion.append(.null, as: codec, to: &buffer)
    column.append(field: buffer.bytes)
    #expect(
      Array(column.finished()) == [
        0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 255, 255, 255,
        255,
      ])
  }
}
