import Model

/// The source does not continue the history that was captured: it was replaced, restored or tampered with.
enum SourceHistoryError: Error {
  case notContinued(path: String, sequence: ChangeNumber)
  case gap(path: String, after: ChangeNumber)
  case unknownTable(path: String, id: TableID)
  case replaced(path: String)
  case missing(path: String)
  case otherSource(path: String)

  private static let remedy =
    "nothing was changed on the target: put the right file back, or start over from this file with sync --reseed"

  var failure: Failure {
    switch self {
    case .notContinued(let path, let sequence):
      Failure(
        .badData,
        "\(path) is not the file that was captured: change \(sequence), captured before, is missing or another one; "
          + "an older copy was probably put in its place", remedy: Self.remedy)
    case .gap(let path, let after):
      Failure(.badData, "\(path): changes are missing after number \(after)", remedy: Self.remedy)
    case .unknownTable(let path, let id):
      Failure(.badData, "\(path): the change table names a table (number \(id)) that is not known", remedy: Self.remedy)
    case .replaced(let path):
      Failure(.badData, "\(path) was replaced by another file while changeover was running", remedy: Self.remedy)
    case .missing(let path):
      Failure(.badData, "\(path) was deleted or moved away while changeover was running", remedy: Self.remedy)
    case .otherSource(let path):
      Failure(
        .badData, "\(path) is another database than the one this state directory belongs to", remedy: Self.remedy)
    }
  }
}
