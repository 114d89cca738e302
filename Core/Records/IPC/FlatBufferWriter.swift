/// Writes FlatBuffers front to back: a table is laid down with empty references, which are linked once what they refer
/// to is written behind it. References only point forward, so this is all the format asks for.
struct FlatWriter {
  /// The root reference comes first.
  private(set) var bytes: [UInt8] = [0, 0, 0, 0]

  /// A field of a table. Absent fields have the default of the format's schema.
  enum Slot {
    case absent
    case byte(UInt8)
    case short(Int16)
    case int(Int32)
    case long(Int64)
    case reference

    var size: Int {
      switch self {
      case .absent: 0
      case .byte: 1
      case .short: 2
      case .int, .reference: 4
      case .long: 8
      }
    }
  }

  /// A table that has been written, and where its fields lie.
  struct Table {
    let position: Int
    fileprivate let slots: [Int]
    subscript(index: Int) -> Int { slots[index] }
  }

  mutating func table(_ slots: [Slot]) -> Table {
    var end = 4
    let offsets = slots.map { slot in
      if slot.size == 0 { return 0 }
      let offset = (end + slot.size - 1) & ~(slot.size - 1)
      end = offset + slot.size
      return offset
    }
    align(2)
    let vtable = bytes.count
    append(UInt16(4 + 2 * slots.count))
    append(UInt16(end))
    for offset in offsets { append(UInt16(offset)) }
    align(8)
    let position = bytes.count
    append(Int32(position - vtable))
    for (slot, offset) in zip(slots, offsets) where slot.size > 0 {
      pad(to: position + offset)
      append(slot)
    }
    return Table(position: position, slots: offsets.map { position + $0 })
  }

  private mutating func append(_ slot: Slot) {
    switch slot {
    case .absent: break
    case .byte(let value): append(value)
    case .short(let value): append(value)
    case .int(let value): append(value)
    case .long(let value): append(value)
    case .reference: append(0 as UInt32)
    }
  }

  /// Makes the reference in a field point to a position behind it.
  mutating func link(_ slot: Int, to position: Int) {
    let distance = UInt32(position - slot)
    for byte in 0..<4 { bytes[slot + byte] = UInt8(truncatingIfNeeded: distance >> UInt32(8 * byte)) }
  }

  mutating func setRoot(_ table: Table) { link(0, to: table.position) }

  /// Writes a string and links a field to it.
  mutating func string(_ text: String, for slot: Int) {
    align(4)
    link(slot, to: bytes.count)
    append(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
    bytes.append(0)
  }

  /// Writes a vector of references, links a field to it, and returns where the references lie.
  mutating func references(_ count: Int, for slot: Int) -> [Int] {
    align(4)
    link(slot, to: bytes.count)
    append(UInt32(count))
    return (0..<count).map { _ in
      append(0 as UInt32)
      return bytes.count - 4
    }
  }

  /// Writes a vector of structs that are made of 64-bit words, and links a field to it.
  mutating func structs(_ count: Int, words: [Int64], for slot: Int) {
    align(4)
    if bytes.count & 7 == 0 { append(0 as UInt32) }
    link(slot, to: bytes.count)
    append(UInt32(count))
    bytes.reserveCapacity(bytes.count + words.count * 8)
    for word in words { append(word) }
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    for place in 0..<T.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> (place * 8))) }
  }

  private mutating func align(_ alignment: Int) { pad(to: (bytes.count + alignment - 1) & ~(alignment - 1)) }

  private mutating func pad(to position: Int) {
    while bytes.count < position { bytes.append(0) }
  }
}
