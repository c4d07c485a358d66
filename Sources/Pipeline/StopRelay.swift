import Model

/// A stop signal for one stretch of a process: raised at the stretch's end, or when the process is asked to stop.
final class StopRelay: Sendable {
  let stop = StopSignal()

  init(from outer: StopSignal) {
    _ = Worker { [stop] in
      while !stop.isRequested, !outer.isRequested {
        Poll.wait(for: [stop.fileDescriptor, outer.fileDescriptor], milliseconds: 60_000)
      }
      stop.request()
    }
  }

  deinit { stop.request() }
}
