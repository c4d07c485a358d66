extension Parameters {
  /// Lends the arrays that libpq wants: count, types, values, lengths, formats (all binary).
  borrowing func withPointers(
    _ body: (
      _ count: Int32, _ types: UnsafePointer<UInt32>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?,
      _ lengths: UnsafePointer<Int32>?, _ formats: UnsafePointer<Int32>?
    ) -> Int32
  ) -> Int32 {
    let count = slots.count
    let start = buffer.bytes.bindMemory(to: CChar.self).baseAddress
    return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * count) { numbers in
        for (index, slot) in slots.enumerated() {
          values.initializeElement(at: index, to: slot.length < 0 ? nil : start.map { $0 + slot.offset })
          numbers.initializeElement(at: index, to: Int32(bitPattern: slot.type.rawValue))
          numbers.initializeElement(at: count + index, to: max(slot.length, 0))
          numbers.initializeElement(at: 2 * count + index, to: 1)
        }
        guard count > 0, let base = numbers.baseAddress else { return body(0, nil, nil, nil, nil) }
        return base.withMemoryRebound(to: UInt32.self, capacity: count) { types in
          body(Int32(count), types, values.baseAddress, base + count, base + 2 * count)
        }
      }
    }
  }

  /// Whether the types are these, in this order.
  borrowing func hasTypes(_ types: [OID]) -> Bool {
    slots.count == types.count && zip(slots, types).allSatisfy { $0.type == $1 }
  }

  borrowing func types() -> [OID] { slots.map(\.type) }
}
