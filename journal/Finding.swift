import Model

/// Something that is wrong with a journal: the file, and what.
package struct Finding: Sendable, Equatable, CustomStringConvertible {
  /// What can be wrong. The raw values are the stable names of `changeover journal check --json`.
  package enum Kind: String, Sendable {
    /// The file is no batch, or not a whole one.
    case damaged
    /// The file cannot be read.
    case unreadable
    /// The name is not one of a batch file.
    case foreignFile = "foreign_file"
    /// The header states another group or part than the name.
    case misnamed
    /// The batch belongs to another source.
    case foreignSource = "foreign_source"
    /// Batches before this one are missing.
    case missing
    /// The last group has no end (a capture may be writing it).
    case unfinished
    /// The batch was not written after the one before it.
    case chain
    /// The sequences do not follow those of the batch before.
    case sequence
    /// The parts of a group disagree on what they share.
    case group
  }

  /// The file's name within the directory.
  package let file: String
  package let kind: Kind
  /// The rest of the sentence.
  package let detail: String

  package var description: String { "\(file): \(detail)" }
}
