import Glibc
import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// A watcher and how it sleeps.
private final class Sleeper {
  private let watcher: SourceWatcher

  init(path: String) { watcher = SourceWatcher(path: path) }

  /// Whether it comes back long before its time is up.
  func wakes(stop: StopSignal = StopSignal()) -> Bool {
    let started = ContinuousClock.now
    watcher.wait(milliseconds: 10_000, stop: stop)
    return started.duration(to: .now) < .seconds(8)
  }

  /// Whether it sleeps its time out.
  func sleepsOn() -> Bool {
    let started = ContinuousClock.now
    watcher.wait(milliseconds: 30, stop: StopSignal())
    return started.duration(to: .now) >= .milliseconds(30)
  }

  func checkIdentity() throws { try watcher.checkIdentity() }
}

/// Waking up for the application's commits, and for nothing that happens to the file.
@Suite struct WatcherTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("shop.db")
  }

  private func make(_ mode: String) throws -> Database {
    let database = try Database(path: path, access: .create)
    try Bench.prepare(database, ["CREATE TABLE t (a)"], journalMode: mode)
    return database
  }

  @Test(arguments: ["wal", "delete", "truncate", "persist"])
  func `wakes on a commit from another process`(mode: String) throws {
    let database = try make(mode)
    let python = try PythonProcess()
    let writer = try python.connect(path: path, pragmas: [])
    #expect(try writer.run("INSERT INTO t VALUES (0)").error == "")
    let sleeper = Sleeper(path: path)
    #expect(sleeper.sleepsOn())
    for number in 1...3 {
      // Committed before the wait begins: it must not be missed.
      #expect(try writer.run("INSERT INTO t VALUES (\(number))").error == "")
      #expect(sleeper.wakes())
      while !sleeper.sleepsOn() {}
    }
    #expect(try database.integer("SELECT count(*) FROM t") == 4)
  }

  @Test func `wakes from the middle of its sleep`() throws {
    _ = try make("wal")
    let sleeper = Sleeper(path: path)
    let waiting = StopSignal()
    let writer = try Background { [path] in
      let database = try Database(path: path, access: .readWrite)
      try Deadline.wait(for: "the watcher") { waiting.isRequested }
      try database.execute("INSERT INTO t VALUES (1)")
    }
    waiting.request()
    #expect(sleeper.wakes())
    try writer.value()
  }

  @Test func `wakes where the path is a link to the file`() throws {
    let real = try TemporaryDirectory()
    path.withCString { link in _ = symlink(real.file("real.db"), link) }
    let database = try Database(path: real.file("real.db"), access: .create)
    try Bench.prepare(database, ["CREATE TABLE t (a)"], journalMode: "wal")
    let sleeper = Sleeper(path: path)
    try database.execute("INSERT INTO t VALUES (1)")
    #expect(sleeper.wakes())
    try sleeper.checkIdentity()
  }

  @Test func `other files in the directory do not wake it`() throws {
    _ = try make("wal")
    let sleeper = Sleeper(path: path)
    #expect(sleeper.sleepsOn())
    let other = try Database(path: directory.file("other.db"), access: .create)
    try other.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    #expect(sleeper.sleepsOn())
  }

  @Test func `wakes when it shall stop`() throws {
    _ = try make("wal")
    let sleeper = Sleeper(path: path)
    let stop = StopSignal()
    let stopper = try Background { stop.request() }
    #expect(sleeper.wakes(stop: stop))
    #expect(sleeper.wakes(stop: stop))
    try stopper.value()
  }

  /// Case 17.
  @Test func `a file that was replaced, moved away or deleted is noticed`() throws {
    _ = try make("delete")
    let sleeper = Sleeper(path: path)
    try sleeper.checkIdentity()
    try Database(path: path, access: .readWrite).execute("INSERT INTO t VALUES (1); VACUUM")
    try sleeper.checkIdentity()
    while !sleeper.sleepsOn() {}
    rename(path, path + ".old")
    #expect(sleeper.wakes())
    #expect(throws: Failure.self) { try sleeper.checkIdentity() }
    while !sleeper.sleepsOn() {}
    #expect(try Child("cp", [path + ".old", path]).wait() == 0)
    #expect(sleeper.wakes())
    let replaced = #expect(throws: Failure.self) { try sleeper.checkIdentity() }
    #expect(replaced?.status == .badData)
    #expect(replaced?.message.contains("was replaced") == true)
    unlink(path)
    let missing = #expect(throws: Failure.self) { try sleeper.checkIdentity() }
    #expect(missing?.message.contains("deleted or moved") == true)
    // Back in its place: nothing happened.
    rename(path + ".old", path)
    try sleeper.checkIdentity()
  }

  @Test func `a file without a directory in its path is watched too`() throws {
    let sleeper = Sleeper(path: "no-such-file.db")
    #expect(sleeper.sleepsOn())
    #expect(throws: Failure.self) { try sleeper.checkIdentity() }
  }
}
