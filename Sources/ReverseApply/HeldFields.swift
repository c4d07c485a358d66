import Model

/// Lends fields that were kept as a list of values.
enum HeldFields {
  static func lend<R>(_ values: [Value], _ body: (ReturningTable.Fields) throws -> R) rethrows -> R {
    let count = values.reduce(0) { $0 + $1.fieldCount }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 8)
    defer { memory.deallocate() }
    var fields: ReturningTable.Fields = []
    fields.reserveCapacity(values.count)
    var at = 0
    for value in values {
      guard case .blob(let bytes) = value else {
        fields.append(nil)
        continue
      }
      let place = UnsafeMutableRawBufferPointer(rebasing: memory[at..<at + bytes.count])
      place.copyBytes(from: bytes)
      fields.append(UnsafeRawBufferPointer(place))
      at += bytes.count
    }
    return try body(fields)
  }
}

extension Value {
  fileprivate var fieldCount: Int { if case .blob(let bytes) = self { bytes.count } else { 0 } }
}
