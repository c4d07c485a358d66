import Model

@testable import Journal

/// A batch file, or the payload of one: bytes that do not begin like a file are put behind a header whose checksums hold,
/// so that mutations reach the decoder of entries and not only the checks before it. The first byte is then the count.
@c(LLVMFuzzerTestOneInput)
public func fuzzJournal(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  if count >= 8, input.loadUnaligned(as: UInt64.self).bigEndian == BatchHeader.magic {
    decode(input)
  } else if count > 0 {
    var encoder = BatchEncoder()
    let payload = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    let wrapped: Void? = try? {
      _ = try encoder.encode(header, payload: payload, entryCount: UInt32(input[0]), previousChecksum: 0)
    }()
    if wrapped != nil { Array(encoder.bytes).withUnsafeBytes { decode($0) } }
  }
  return 0
}

private let header = BatchHeader(
  direction: .forward, moreFollows: false, source: RandomID(high: 1, low: 2), group: GroupNumber(1), part: 0,
  after: ChangeNumber(0), last: ChangeNumber(1), nonce: 3, capturedAt: Instant(microseconds: 4),
  previousLookAt: Instant(microseconds: 5), schemaFingerprint: 6)

/// Everything that reads a batch: validation, and the text of `journal show --json`.
private func decode(_ bytes: UnsafeRawBufferPointer) {
  guard let batch = try? Batch(bytes: bytes, file: "input") else { return }
  try? batch.validate()
  var length = 0
  try? batch.writeJSON { length += $0.utf8.count }
}
