import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Backup

/// SHA-256 against NIST's examples, and against the machine's own `sha256sum`.
struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func `gives the digests of NIST's examples`(text: String, digest: String) {
    #expect(SHA256.digest(of: Array(text.utf8)) == digest)
  }

  @Test func `gives the digest of a million letters, whatever pieces they come in`() {
    var hash = SHA256()
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
    var left = 1_000_000
    var size = 1
    while left > 0 {
      let count = min(size, left)
      letters.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      left -= count
      size = size % 997 + 1
    }
    #expect(hash.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `agrees with sha256sum on every length around the block's, in random pieces`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let directory = try TemporaryDirectory()
    var names: [String] = []
    var digests: [String] = []
    for length in Array(0...130) + [1_000, 70_000] {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      let name = directory.file("\(length)")
      try Data(bytes).write(to: URL(fileURLWithPath: name))
      var hash = SHA256()
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Int.random(in: 0...min(rest.count, 200), using: &random)
        rest.prefix(count).withUnsafeBytes { hash.update($0) }
        rest = rest.dropFirst(count)
      }
      names.append(name)
      digests.append(hash.finish())
    }
    let program = try Child("sha256sum", names)
    for (name, digest) in zip(names, digests) { #expect(try program.line() == "\(digest)  \(name)") }
  }

  @Test func `hashes a file as sha256sum does, and hands out its bytes on the way`() throws {
    let directory = try TemporaryDirectory()
    let name = directory.file("big")
    let bytes = (0..<2_500_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    try Data(bytes).write(to: URL(fileURLWithPath: name))
    var seen: [UInt8] = []
    var last: Int64 = 0
    let digest = try FileHash.read(name) { piece, done in
      seen += piece
      last = done
    }
    #expect(seen == bytes)
    #expect(last == Int64(bytes.count))
    #expect(try Child("sha256sum", [name]).line() == "\(digest)  \(name)")
  }
}
