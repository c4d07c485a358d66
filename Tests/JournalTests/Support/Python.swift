import Subprocess
import Testing

/// The independent reader in Python.
enum Python {
  /// One line of JSON for each file.
  static func read(_ paths: [String]) async throws -> [String] {
    let result = try await run(
      .name("python3"), arguments: .init([Vectors.reader] + paths), output: .string(limit: 1 << 28),
      error: .string(limit: 1 << 16))
    #expect(result.standardError == "")
    return result.standardOutput.split(separator: "\n").map(String.init)
  }
}
