import Glibc

/// A file descriptor, closed once.
struct Descriptor: ~Copyable {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  deinit { Glibc.close(number) }

  /// Closes the descriptor and returns the error number, 0 for none. Never repeated: the number is free whatever happened.
  consuming func close() -> Int32 {
    let number = number
    discard self
    return Glibc.close(number) == 0 || errno == EINTR ? 0 : errno
  }
}
