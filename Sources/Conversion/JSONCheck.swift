/// Whether text is JSON that PostgreSQL's json takes, which keeps it as it is: escapes are not looked into.
enum JSONCheck {
  /// - Parameter bytes: valid UTF-8.
  static func check(_ bytes: UnsafeRawBufferPointer) throws(Misfit) {
    var reader = JSONReader(bytes)
    do throws(JSONReader.Problem) {
      while true {
        if case .end = try reader.next() { return }
      }
    } catch {
      throw error == .tooDeep ? .outOfRange(.json) : .malformed(.json)
    }
  }
}
