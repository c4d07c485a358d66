import CPostgres
import Glibc
import Model

/// Cancels whatever statement its connection runs; usable from any thread, and after the connection is gone.
///
/// `@unchecked Sendable`: libpq never changes the PGcancel after making it, and documents PQcancel as thread-safe.
package final class CancelHandle: @unchecked Sendable {
  private let handle: OpaquePointer

  /// Nil when the connection is not open.
  init?(_ connection: OpaquePointer) {
    guard let handle = PQgetCancel(connection) else { return nil }
    self.handle = handle
  }

  deinit { PQfreeCancel(handle) }

  /// Asks the server to cancel, over a connection of its own: true when the request was delivered, which does not mean
  /// that a statement was running. Blocks until the server answers; on a dead network that is minutes.
  @discardableResult
  package func cancel() -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { reason in
      PQcancel(handle, reason.baseAddress, Int32(reason.count)) == 1
    }
  }

  /// Cancels on a thread of its own, so that a dead network does not hold the caller.
  /// - Returns: a signal that is raised when the request was delivered or has failed; nil when no thread could be had.
  func cancelInBackground() -> StopSignal? {
    let work = Work(handle: self)
    let box = Unmanaged.passRetained(work)
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, runCancel, box.toOpaque())
    guard status == 0 else {
      box.release()
      return nil
    }
    pthread_detach(thread)
    return work.done
  }

  fileprivate final class Work: Sendable {
    let handle: CancelHandle
    let done = StopSignal()
    init(handle: CancelHandle) { self.handle = handle }
  }
}

/// The thread's body; takes over the reference it is given.
private func runCancel(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let work = Unmanaged<CancelHandle.Work>.fromOpaque(argument).takeRetainedValue()
  work.handle.cancel()
  work.done.request()
  return nil
}
