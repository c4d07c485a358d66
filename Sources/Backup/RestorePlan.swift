import Model

/// What a restore finds where it is to put the file, and what follows from it. Decides nothing by looking.
package struct RestorePlan: Sendable, Equatable {
  /// The file that stands there.
  package struct Existing: Sendable, Equatable {
    package var bytes: Int64
    /// Why SQLite cannot read it; nil where it can.
    package var trouble: String?
    /// changeover's name for it; nil where it is not installed.
    package var source: RandomID?
    package var isFenced = false
    package var position: BackupManifest.Place?
  }

  package let manifest: BackupManifest
  package let path: String
  /// Nil where nothing is there.
  package let existing: Existing?
  /// Where the file that stands there is kept; nil where there is none.
  package let aside: String?
  package let users: [FileUser]
  package let isSyncRunning: Bool
  /// Whether the state directory has captured from a source before.
  package let isStateKnown: Bool
  /// Whether a file that was closed by the switch may be replaced.
  package let overFenced: Bool

  /// What speaks against it, each with the remedy.
  package var refusals: [String] {
    var refusals: [String] = []
    if isSyncRunning { refusals.append("changeover works on \(path) (sync, or a switch): stop it first") }
    if !users.isEmpty {
      refusals.append(
        "\(path) is open in \(users.map(\.description).joined(separator: ", ")): stop the application first, or it would go "
          + "on writing to the file that is put aside")
    }
    if existing?.isFenced == true, !overFenced {
      refusals.append(
        "\(path) is closed because its data moved to PostgreSQL, and the backup would put a writable file of older data in "
          + "its place: go back by changeover rollback, restore to another path, or say --over-fenced")
    }
    return refusals
  }

  /// What `changeover sync` will make of the file.
  package var afterwards: String {
    guard let source = manifest.source.id, let position = manifest.position else {
      return isStateKnown
        ? "the backup bears no trace of changeover, and the state directory has captured before: sync refuses it until "
          + "told to start over with --reseed"
        : "the backup bears no trace of changeover: it is a database like any other"
    }
    if existing?.isFenced == true {
      return
        "PostgreSQL stays the authority: sync, status and cutover say that this file was restored from somewhere and "
        + "stop; what was written to PostgreSQL is not touched"
    }
    if manifest.source.isFenced {
      return "the backup was taken after the switch: the file is closed for writing, as it was then"
    }
    if let existing, existing.source == source, existing.position == position {
      return "nothing was logged since the backup (change \(position.sequence)): sync goes on where it was"
    }
    return
      "the file is as of change \(position.sequence): if PostgreSQL has later ones, sync says that an older copy was put "
      + "in its place and stops, PostgreSQL untouched; put the newer file back, or start over from this one with sync "
      + "--reseed"
  }
}
