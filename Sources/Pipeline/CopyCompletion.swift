import Apply
import Model
import Postgres
import Schema
import Synchronization

/// What comes after the rows and the first drain: indexes and statistics, several at a time, then CHECKs and views.
struct CopyCompletion: Sendable {
  let target: ConnectionTarget
  let plan: TargetPlan
  let jobs: Int
  let stop: StopSignal
  let report: Report

  private struct IndexJob: Sendable {
    var index: IndexPlan
    var table: TablePlan
  }

  func run(_ connection: inout Connection) throws {
    try buildIndexes(&connection)
    try analyze(&connection)
    // A table that the user made has the constraints that it is to have.
    for table in plan.tables where !table.isUserMade {
      for check in table.checks {
        if let note = try CheckBuilder.build(check, on: table, of: plan, &connection) { report(.warning(note)) }
        try stop.check()
      }
    }
    for view in plan.views {
      if let note = try ViewBuilder.build(view, of: plan, &connection) { report(.warning(note)) }
    }
  }

  private func buildIndexes(_ connection: inout Connection) throws {
    let all = plan.tables.flatMap { table in table.indexes.map { IndexJob(index: $0, table: table) } }
    let done = Atomic(0)
    report(.buildingIndexes(done: 0, of: all.count))
    try each(all, &connection) { job, connection in
      if let note = try IndexBuilder.build(job.index, on: job.table, of: plan, &connection) { report(.warning(note)) }
      FaultPoint.reach("index-built")
      report(.buildingIndexes(done: done.add(1, ordering: .relaxed).newValue, of: all.count))
    }
  }

  /// After the indexes: those over expressions have statistics of their own, and ANALYZE waits for who builds one.
  private func analyze(_ connection: inout Connection) throws {
    try each(plan.tables, &connection) { table, connection in
      try IndexBuilder.analyze(table, of: plan, &connection)
    }
  }

  private func each<Job: Sendable>(
    _ all: [Job], _ connection: inout Connection, _ work: @escaping @Sendable (Job, inout Connection) throws -> Void
  ) throws {
    let count = min(jobs, all.count)
    guard count > 1 else {
      for job in all {
        try stop.check()
        try work(job, &connection)
      }
      return
    }
    let queue = JobQueue(all)
    try Crew.run(count) { [self] abort in
      var connection = try Connection(target, applicationName: "changeover copy", stop: stop, timeoutSeconds: 10)
      while let job = queue.next() {
        try stop.check()
        try abort.check()
        try work(job, &connection)
      }
    }
  }
}
