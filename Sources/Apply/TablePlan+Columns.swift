import Schema

extension TablePlan {
  /// Where the columns stand that statements write; a generated column is the target's own.
  var writtenPositions: [Int] { columns.indices.filter { columns[$0].isWritten } }

  /// Where the columns stand that staging tables have: a key is needed there even where nobody writes it.
  var stagedPositions: [Int] { columns.indices.filter { columns[$0].isWritten || keyPositions.contains($0) } }

  /// The source's name of a column that the server names.
  func sourceName(ofTarget name: String) -> String? { columns.first { $0.targetName == name }?.sourceName }
}
