import ArgumentParser
import Glibc
import Model
import Pipeline
import Postgres

/// Where the stores are. Flags go before the environment, the environment before the file.
struct StoreOptions: ParsableArguments {
  @Option(help: "The application's SQLite file (CHANGEOVER_SOURCE).")
  var source: String?

  @Option(
    help: ArgumentHelp(
      "PostgreSQL, as a URI or keyword=value pairs (DATABASE_URL, or libpq's PG* variables).",
      discussion: "Keep a password out of it: use DATABASE_URL, PGPASSWORD or a password file."))
  var target: String?

  @Option(help: "Directory for the journal (CHANGEOVER_STATE; default: the source's path plus .changeover).")
  var state: String?

  @Option(help: "The target's schema for the tables (default: the connection's own).")
  var targetSchema: String?

  @Option(help: "Settings in TOML (CHANGEOVER_CONFIG).")
  var config: String?

  /// The file's settings; empty without a file.
  func configuration() throws -> Configuration {
    guard let path = config ?? Environment["CHANGEOVER_CONFIG"] else { return Configuration() }
    return try Configuration(reading: path)
  }

  func source(_ configuration: Configuration) throws -> String {
    guard let path = source ?? Environment["CHANGEOVER_SOURCE"] ?? configuration.source, !path.isEmpty else {
      throw Failure(.usage, "no source is named", remedy: "name the SQLite file with --source or CHANGEOVER_SOURCE")
    }
    return path
  }

  func target(_ configuration: Configuration) throws -> ConnectionTarget {
    try ConnectionTarget(target ?? Environment["DATABASE_URL"] ?? configuration.target)
  }

  func state(_ configuration: Configuration) throws -> String {
    if let path = state ?? Environment["CHANGEOVER_STATE"] ?? configuration.state { return path }
    return StateDirectory.defaultPath(source: try source(configuration))
  }
}

/// The environment's variables.
enum Environment {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
