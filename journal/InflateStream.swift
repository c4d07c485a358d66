import CZlib

/// zlib's state of a stream that is being inflated. zlib keeps its address, so it stays where it is allocated.
struct InflateStream: ~Copyable {
  let state: UnsafeMutablePointer<z_stream>
  /// Whether zlib had the memory to begin.
  let isReady: Bool

  init() {
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    isReady = inflateInit_(state, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }
}
