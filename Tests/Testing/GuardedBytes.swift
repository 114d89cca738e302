internal import Glibc

/// Bytes that end where memory ends: whoever reads one more ends the process.
package final class GuardedBytes {
  private let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  private let room: Int
  private let memory: UnsafeMutableRawPointer

  package init(room: Int) throws {
    self.room = (room + page - 1) / page * page
    let made = mmap(nil, self.room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let made, made != MAP_FAILED, mprotect(made + self.room, page, PROT_NONE) == 0 else {
      throw TestFault("no memory to guard")
    }
    memory = made
  }

  deinit { munmap(memory, room + page) }

  package func with<T, E: Error>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
    precondition(bytes.count <= room)
    let start = memory + (room - bytes.count)
    bytes.withUnsafeBytes { if let from = $0.baseAddress { start.copyMemory(from: from, byteCount: $0.count) } }
    return try body(UnsafeRawBufferPointer(start: start, count: bytes.count))
  }
}

/// What becomes of bytes on a bad day, always the same: each is changed by itself, and they end everywhere.
package enum Mutations {
  /// - Parameter all: how many bytes at each end are tried; those between are like them.
  package static func of(_ bytes: [UInt8], atEachEnd all: Int = 40) -> [[UInt8]] {
    var mutations: [[UInt8]] = []
    for index in bytes.indices where index < all || index >= bytes.count - all {
      for value in [0, 0x0D, 0x7F, 0x80, 0xFF, bytes[index] ^ 1, bytes[index] &+ 1] where value != bytes[index] {
        var changed = bytes
        changed[index] = value
        mutations.append(changed)
      }
      mutations.append(Array(bytes[..<index]))
    }
    return mutations
  }
}
