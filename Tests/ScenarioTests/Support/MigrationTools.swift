import TestSupport

/// Django and Alembic, in an environment of their own.
enum MigrationTools {
  /// The Python that has them; nil where they cannot be had.
  static let python: String? = {
    let result = try? Program.run(["\(Files.checkout)/scripts/migration-tools"], seconds: 300)
    return result?.status == 0 ? result?.output.trimmed : nil
  }()
}
