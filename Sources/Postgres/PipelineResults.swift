/// The results of a pipeline's statements, in their order.
package struct PipelineResults: ~Copyable {
  private var storage: UnsafeMutablePointer<QueryResult>
  private var capacity: Int
  package private(set) var count = 0

  init(capacity: Int) {
    self.capacity = max(capacity, 1)
    storage = .allocate(capacity: self.capacity)
  }

  deinit {
    storage.deinitialize(count: count)
    storage.deallocate()
  }

  /// Lends a statement's result; its number must be below `count`.
  package subscript(statement: Int) -> QueryResult {
    _read {
      precondition(statement >= 0 && statement < count)
      yield storage[statement]
    }
  }

  mutating func append(_ result: consuming QueryResult) {
    if count == capacity {
      let larger = UnsafeMutablePointer<QueryResult>.allocate(capacity: 2 * capacity)
      larger.moveInitialize(from: storage, count: count)
      storage.deallocate()
      storage = larger
      capacity *= 2
    }
    (storage + count).initialize(to: result)
    count += 1
  }
}

@available(*, unavailable) extension PipelineResults: Sendable {}
