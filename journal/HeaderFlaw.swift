/// A flaw of a header with the place where it was met, before anybody has named the file.
struct HeaderFlaw: Error {
  let flaw: BatchFlaw
  /// Bytes from the start of the file.
  let offset: Int

  init(_ flaw: BatchFlaw, at offset: Int) {
    self.flaw = flaw
    self.offset = offset
  }
}
