import CSQLite

extension Database {
  /// Steps of SQLite's machine between two questions: about a millisecond.
  private static let stepsBetweenQuestions: Int32 = 20_000

  /// Runs `body`; its statements end with `SQLITE_INTERRUPT` soon after `isDue` says yes.
  package borrowing func interrupting<R>(
    when isDue: @escaping () -> Bool, _ body: (borrowing Database) throws -> R
  ) rethrows -> R {
    let question = Question(isDue)
    sqlite3_progress_handler(
      handle, Self.stepsBetweenQuestions,
      { context in
        guard let context else { return 0 }
        return Unmanaged<Question>.fromOpaque(context).takeUnretainedValue().isDue() ? 1 : 0
      }, Unmanaged.passUnretained(question).toOpaque())
    defer {
      sqlite3_progress_handler(handle, 0, nil, nil)
      withExtendedLifetime(question) {}
    }
    return try body(self)
  }
}

/// What a running statement asks from time to time.
private final class Question {
  let isDue: () -> Bool
  init(_ isDue: @escaping () -> Bool) { self.isDue = isDue }
}
