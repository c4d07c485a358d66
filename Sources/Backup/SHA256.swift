/// SHA-256 (FIPS 180-4), fed piece by piece.
struct SHA256: ~Copyable {
  private static let blockSize = 64

  private let words: UnsafeMutablePointer<UInt32>
  private let schedule: UnsafeMutablePointer<UInt32>
  private let pending: UnsafeMutableRawPointer
  private var pendingCount = 0
  private var byteCount: UInt64 = 0

  init() {
    words = .allocate(capacity: 8)
    words.initialize(from: Self.initial, count: 8)
    schedule = .allocate(capacity: 64)
    schedule.initialize(repeating: 0, count: 64)
    pending = .allocate(byteCount: Self.blockSize, alignment: 16)
  }

  deinit {
    words.deallocate()
    schedule.deallocate()
    pending.deallocate()
  }

  /// The digest of some bytes, as hexadecimal digits.
  static func digest(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var next = bytes.baseAddress, !bytes.isEmpty else { return }
    var left = bytes.count
    byteCount &+= UInt64(left)
    if pendingCount > 0 {
      let taken = min(left, Self.blockSize - pendingCount)
      (pending + pendingCount).copyMemory(from: next, byteCount: taken)
      pendingCount += taken
      next += taken
      left -= taken
      guard pendingCount == Self.blockSize else { return }
      compress(pending, blocks: 1)
      pendingCount = 0
    }
    let blocks = left / Self.blockSize
    compress(next, blocks: blocks)
    next += blocks * Self.blockSize
    left -= blocks * Self.blockSize
    pending.copyMemory(from: next, byteCount: left)
    pendingCount = left
  }

  /// The digest of all that was fed, as hexadecimal digits.
  consuming func finish() -> String {
    let bits = byteCount &* 8
    // One bit, zeros up to the last eight bytes of a block, and there the length.
    let zeros = (Self.blockSize * 2 - 1 - 8 - pendingCount) % Self.blockSize
    var tail: [UInt8] = [0x80] + [UInt8](repeating: 0, count: zeros)
    for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    tail.withUnsafeBytes { update($0) }
    var text = ""
    for index in 0..<8 {
      let digits = String(words[index], radix: 16)
      text += String(repeating: "0", count: 8 - digits.count) + digits
    }
    return text
  }

  /// `while`, not `for`, and no calls: debug builds hash whole files too.
  private mutating func compress(_ start: UnsafeRawPointer, blocks: Int) {
    let w = schedule
    let state = words
    Self.constants.withUnsafeBufferPointer { constants in
      guard let k = constants.baseAddress else { return }
      var block = start
      var remaining = blocks
      while remaining > 0 {
        var t = 0
        while t < 16 {
          w[t] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: t &* 4, as: UInt32.self))
          t &+= 1
        }
        while t < 64 {
          let a = w[t &- 15]
          let b = w[t &- 2]
          let s0 = (a &>> 7 | a &<< 25) ^ (a &>> 18 | a &<< 14) ^ (a &>> 3)
          let s1 = (b &>> 17 | b &<< 15) ^ (b &>> 19 | b &<< 13) ^ (b &>> 10)
          w[t] = w[t &- 16] &+ s0 &+ w[t &- 7] &+ s1
          t &+= 1
        }
        var a = state[0]
        var b = state[1]
        var c = state[2]
        var d = state[3]
        var e = state[4]
        var f = state[5]
        var g = state[6]
        var h = state[7]
        t = 0
        while t < 64 {
          let s1 = (e &>> 6 | e &<< 26) ^ (e &>> 11 | e &<< 21) ^ (e &>> 25 | e &<< 7)
          let t1 = h &+ s1 &+ (g ^ (e & (f ^ g))) &+ k[t] &+ w[t]
          let s0 = (a &>> 2 | a &<< 30) ^ (a &>> 13 | a &<< 19) ^ (a &>> 22 | a &<< 10)
          let t2 = s0 &+ ((a & b) | (c & (a | b)))
          h = g
          g = f
          f = e
          e = d &+ t1
          d = c
          c = b
          b = a
          a = t1 &+ t2
          t &+= 1
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
        block += Self.blockSize
        remaining &-= 1
      }
    }
  }

  private static let initial: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
  ]

  private static let constants: [UInt32] = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
    0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
    0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
    0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
    0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
    0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
    0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
  ]
}
