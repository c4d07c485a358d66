import Apply
import Model
import Schema
import Testing

extension Target {
  /// A copy of one table from its beginning.
  func sink(_ table: SourceTable) throws -> CopySink {
    let progress = try #require(try CopyProgress.read(source, catalogue, &connection).first { $0.table == table.id })
    let plan = try #require(plan.tables.first { $0.id == table.id })
    return try CopySink(plan, of: self.plan, progress: progress, catalogue, Ownership(record))
  }

  /// Copies rows as one segment, as the first copy does: again with care where that is called for.
  func copy(_ images: [[Value]], with sink: inout CopySink, isLast: Bool = false) throws {
    while true {
      do {
        try sink.begin(on: &connection)
        for image in images { try add(image, to: &sink) }
        return try sink.commit(cursor: nil, isLast: isLast, on: &connection)
      } catch {
        try? connection.failCopy("changeover gave up")
        try connection.execute("ROLLBACK")
        guard sink.takeCare(after: error) else { throw error }
      }
    }
  }

  private func add(_ image: [Value], to sink: inout CopySink) throws {
    if sink.isCareful { return try sink.append(trying: image, on: &connection) }
    sink.beginRow()
    for (column, value) in image.enumerated() {
      let misfit =
        switch value {
        case .null: sink.append(.null, column: column)
        case .integer(let integer): sink.append(.integer(integer), column: column)
        case .real(let bits): sink.append(.real(Double(bitPattern: bits)), column: column)
        case .text(let bytes): bytes.withUnsafeBytes { sink.append(.text($0), column: column) }
        case .blob(let bytes): bytes.withUnsafeBytes { sink.append(.blob($0), column: column) }
        }
      if let misfit { return sink.refuse(image, column: column, misfit) }
    }
    if sink.hasLongKey { throw CopySink.NeedsCare() }
    try sink.endRow(on: &connection)
  }
}
