import FoundationEssentials
import Model

/// How far a verify is, in the state directory: an interrupted one goes on from here.
struct VerifyProgress: Codable {
  var source: RandomID
  /// The tables asked for; empty for all.
  var tables: [String]
  var startedAt: Instant
  var compared: [VerifyTable]
  var direction: Direction

  /// Nil where no run of this source over these tables was interrupted.
  static func read(
    _ path: String, source: RandomID, tables: [String], _ direction: Direction
  ) -> VerifyProgress? {
    guard let bytes = AtomicFile.read(path),
      let progress = try? JSONDecoder().decode(VerifyProgress.self, from: Data(bytes)),
      progress.source == source, progress.tables == tables, progress.direction == direction
    else { return nil }
    return progress
  }

  func write(to path: String) throws {
    try AtomicFile.write(Array(JSONEncoder().encode(self)), to: path, durable: false)
  }
}
