/// The hash function under PostgreSQL's `…_extended` functions: Bob Jenkins' lookup3, 64 bits of any bytes, which has been
/// the same since version 11, because hash partitions on disk depend on it.
struct Lookup3: Sendable, Equatable {
  /// The server reads words in its own byte order.
  enum ByteOrder: Sendable, CaseIterable { case little, big }

  let order: ByteOrder

  /// What the server's `hash_bytes_extended` gives.
  @inline(__always)
  func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var state = State(length: UInt32(truncatingIfNeeded: bytes.count), seed: seed)
    var at = 0
    while bytes.count &- at >= 12 {
      state.a &+= word(bytes, at)
      state.b &+= word(bytes, at &+ 4)
      state.c &+= word(bytes, at &+ 8)
      state.mix()
      at &+= 12
    }
    let rest = bytes.count &- at
    if rest == 8 {
      // Most fields of fixed length end here.
      state.a &+= word(bytes, at)
      state.b &+= word(bytes, at &+ 4)
    } else if rest > 0 {
      addTail(bytes, at, to: &state)
    }
    return state.final()
  }

  /// What the server's `hash_bytes_uint32_extended` gives: the value is a word already, in any byte order.
  @inline(__always)
  static func hash(word: UInt32, seed: UInt64) -> UInt64 {
    var state = State(length: 4, seed: seed)
    state.a &+= word
    return state.final()
  }

  @inline(__always)
  private func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt32 {
    let loaded = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
    return order == .little ? UInt32(littleEndian: loaded) : UInt32(bigEndian: loaded)
  }

  /// The last 1 to 11 bytes. The lowest byte of `c` is left to the length.
  @inline(__always)
  private func addTail(_ bytes: UnsafeRawBufferPointer, _ start: Int, to state: inout State) {
    var at = start
    for place in 0..<3 {
      let left = bytes.count &- at
      guard left > 0 else { return }
      var value: UInt32 = 0
      let first = place == 2 ? 1 : 0
      if left >= 4, first == 0 {
        value = word(bytes, at)
      } else {
        for offset in 0..<min(left, 4) {
          let position = UInt32(truncatingIfNeeded: offset &+ (order == .little ? first : 0))
          let shift = order == .little ? position &* 8 : 24 &- position &* 8
          value |= UInt32(bytes[at &+ offset]) &<< shift
        }
      }
      switch place {
      case 0: state.a &+= value
      case 1: state.b &+= value
      default: state.c &+= value
      }
      at &+= 4
    }
  }

  private struct State {
    var a: UInt32
    var b: UInt32
    var c: UInt32

    @inline(__always)
    init(length: UInt32, seed: UInt64) {
      a = 0x9E37_79B9 &+ length &+ 3_923_095
      b = a
      c = a
      guard seed != 0 else { return }
      a &+= UInt32(truncatingIfNeeded: seed &>> 32)
      b &+= UInt32(truncatingIfNeeded: seed)
      mix()
    }

    @inline(__always)
    mutating func mix() {
      a = (a &- c) ^ Self.rotate(c, 4)
      c &+= b
      b = (b &- a) ^ Self.rotate(a, 6)
      a &+= c
      c = (c &- b) ^ Self.rotate(b, 8)
      b &+= a
      a = (a &- c) ^ Self.rotate(c, 16)
      c &+= b
      b = (b &- a) ^ Self.rotate(a, 19)
      a &+= c
      c = (c &- b) ^ Self.rotate(b, 4)
      b &+= a
    }

    @inline(__always)
    mutating func final() -> UInt64 {
      c = (c ^ b) &- Self.rotate(b, 14)
      a = (a ^ c) &- Self.rotate(c, 11)
      b = (b ^ a) &- Self.rotate(a, 25)
      c = (c ^ b) &- Self.rotate(b, 16)
      a = (a ^ c) &- Self.rotate(c, 4)
      b = (b ^ a) &- Self.rotate(a, 14)
      c = (c ^ b) &- Self.rotate(b, 24)
      return UInt64(b) &<< 32 | UInt64(c)
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
      word &<< count | word &>> (32 &- count)
    }
  }
}
