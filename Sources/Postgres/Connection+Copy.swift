import CPostgres

/// COPY: `copyIn`, any number of `putCopy`, then `endCopy` or `failCopy`. Any error but a refusal of the caller's misuse
/// ends the COPY.
extension Connection {
  /// Begins a `COPY … FROM STDIN`.
  package mutating func copyIn(_ sql: String) throws(PostgresError) {
    try wire.run { wire throws(PostgresError) in
      try wire.send(simple: sql)
      try wire.begin(copy: PGRES_COPY_IN)
      wire.isCopyingIn = true
    }
  }

  /// Sends bytes of the stream, cut wherever the caller likes; waits while the server is slower.
  ///
  /// An error of the server shows at `endCopy`; until then it reads and drops what is sent.
  package mutating func putCopy(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
    guard wire.isCopyingIn else { throw .misuse("no COPY is in progress") }
    do { try wire.put(copy: bytes) } catch {
      wire.settle(after: error)
      throw error
    }
  }

  /// Ends the stream.
  /// - Returns: how many rows were copied.
  package mutating func endCopy() throws(PostgresError) -> Int {
    guard wire.isCopyingIn else { throw .misuse("no COPY is in progress") }
    wire.isCopyingIn = false
    return try wire.finish { wire throws(PostgresError) in
      try wire.putCopyEnd(reason: nil)
      return try wire.results().affectedRows
    }
  }

  /// Makes the COPY fail, so that none of its rows stay; an open transaction is then a failed one.
  /// - Parameter reason: for the server's log; never a row's value.
  package mutating func failCopy(_ reason: StaticString) throws(PostgresError) {
    guard wire.isCopyingIn else { throw .misuse("no COPY is in progress") }
    wire.isCopyingIn = false
    do {
      try wire.finish { wire throws(PostgresError) in
        try wire.putCopyEnd(reason: reason.description)
        _ = try wire.results()
      }
    } catch .server {}  // The failure that was asked for, or one before it.
  }

  /// Runs a `COPY … TO STDOUT` and lends its rows one by one.
  ///
  /// In binary format the first piece begins with the header, and the last is the trailer alone (or follows the header,
  /// where there are no rows). A closure that throws ends the COPY; its error is passed on.
  /// - Returns: how many rows were copied.
  @discardableResult
  package mutating func copyOut(_ sql: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Int {
    try wire.run { wire throws(PostgresError) in
      try wire.send(simple: sql)
      try wire.begin(copy: PGRES_COPY_OUT)
    }
    do {
      while let row = try wire.nextCopyRow() {
        defer { PQfreemem(row.baseAddress) }
        try body(UnsafeRawBufferPointer(row))
      }
    } catch {
      wire.settle(after: error)
      throw error
    }
    return try wire.finish { wire throws(PostgresError) in try wire.results().affectedRows }
  }
}

extension Wire {
  /// Reads the result that opens a COPY; anything else is an error.
  mutating func begin(copy status: ExecStatusType) throws(PostgresError) {
    guard let result = try nextResult() else { throw lost() }
    if result.status == status { return }
    guard result.status == PGRES_FATAL_ERROR else {
      throw .misuse("the statement is no such COPY")  // `settle` then ends whatever it is.
    }
    let failure = error(of: result)
    while try nextResult() != nil {}
    throw failure
  }

  mutating func put(copy bytes: UnsafeRawBufferPointer) throws(PostgresError) {
    var rest = bytes
    while !rest.isEmpty {
      // libpq's counts are 32 bits wide, and a smaller piece keeps its buffer small.
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.flushThreshold))
      switch PQputCopyData(handle, piece.bindMemory(to: CChar.self).baseAddress, Int32(piece.count)) {
      case 1:
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        try noteQueued(piece.count)
      case 0: try flush()
      default: throw refused()
      }
    }
  }

  /// `run` for what began earlier.
  mutating func finish<R>(_ body: (inout Wire) throws(PostgresError) -> R) throws(PostgresError) -> R {
    do { return try body(&self) } catch {
      settle(after: error)
      throw error
    }
  }
}
