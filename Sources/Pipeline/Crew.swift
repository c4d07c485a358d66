import Model
import Postgres
import Synchronization

/// Several threads at one list of jobs. Where one fails the others end too.
enum Crew {
  /// Runs `work` on so many threads and waits for all of them. `work` ends when its signal is raised; the failure that raised it
  /// is thrown.
  static func run(_ count: Int, _ work: @escaping @Sendable (_ abort: StopSignal) throws -> Void) throws {
    let abort = StopSignal()
    let workers = (0..<count).map { _ in
      Worker {
        do {
          try work(abort)
        } catch {
          abort.request()
          throw error
        }
      }
    }
    var failure: (any Error)?
    for worker in workers {
      do {
        try worker.join()
      } catch {
        // The others' failures are echoes of the first.
        if failure == nil || failure is Stopped || (failure as? PostgresError)?.isStopped == true { failure = error }
      }
    }
    if let failure { throw failure }
  }
}

/// Jobs that nobody has taken yet, the first ones first.
final class JobQueue<Job: Sendable>: Sendable {
  private let open: Mutex<[Job]>
  init(_ jobs: [Job]) { open = Mutex(jobs.reversed()) }
  func next() -> Job? { open.withLock { $0.popLast() } }
}
