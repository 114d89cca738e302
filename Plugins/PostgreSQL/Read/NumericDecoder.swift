internal import Records

/// Reads the server's binary numeric: counts of digits, weight, sign, display scale, then digits to the base of 10,000,
/// of which the first stands for `10000 ^ weight`.
enum NumericDecoder {
  static let negative: UInt16 = 0x4000
  static let notANumber: UInt16 = 0xC000
  static let infinity: UInt16 = 0xD000
  static let minusInfinity: UInt16 = 0xF000

  struct Header {
    var digits: Int
    var weight: Int
    var sign: UInt16
    var scale: Int

    @inline(__always)
    init?(_ p: UnsafeRawPointer, _ length: Int) {
      guard length >= 8 else { return nil }
      let word = unsafe p.loadUnaligned(as: UInt64.self).bigEndian
      digits = Int(truncatingIfNeeded: word >> 48)
      weight = Int(Int16(truncatingIfNeeded: word >> 32))
      sign = UInt16(truncatingIfNeeded: word >> 16)
      scale = Int(truncatingIfNeeded: word & 0xFFFF)
      guard length == 8 + digits * 2 else { return nil }
    }
  }

  @inline(__always)
  static func digit(_ p: UnsafeRawPointer, _ index: Int) -> UInt64 {
    unsafe UInt64(UInt16(bigEndian: p.loadUnaligned(fromByteOffset: 8 + index * 2, as: UInt16.self)))
  }

  // MARK: decimals

  @inline(__always)
  static func decimal128(_ p: UnsafeRawPointer, _ length: Int, _ scale: Int, _ builder: ColumnBuilder)
    -> RowDecoder.Fault
  {
    guard let header = unsafe Header(p, length) else { return .malformed }
    // Three digits (10^12) and a shift of at most six places stay within 64 bits: prices, quantities, rates.
    let shift = header.digits == 0 ? 0 : 4 * (header.weight - header.digits + 1) + scale
    if header.digits <= 3, shift >= -3, shift <= 6, header.sign & 0x8000 == 0 {
      var value: UInt64 = 0
      for index in 0..<header.digits {
        let group = unsafe digit(p, index)
        if group > 9_999 { return .malformed }
        value = value &* 10_000 &+ group
      }
      if shift >= 0 {
        value &*= powers[shift]
      } else {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: powers[-shift])
        if rest != 0 { return .range }
        value = quotient
      }
      let signed = Int64(bitPattern: value)
      builder.append(Int128(header.sign == negative ? -signed : signed))
      return .none
    }
    return unsafe wide128(p, header, scale, builder)
  }

  /// 10^0 … 10^6
  private static let powers: InlineArray<7, UInt64> = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]

  @inline(never)
  private static func wide128(_ p: UnsafeRawPointer, _ header: Header, _ scale: Int, _ builder: ColumnBuilder)
    -> RowDecoder.Fault
  {
    if header.sign & 0x8000 != 0 { return .notFinite }
    var value = UInt128(0)
    let fault = unsafe decimalDigits(p, header, scale) { digit in
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      value = product &+ UInt128(digit)
      return !overflow
    }
    guard fault == .none, value <= UInt128(Int128.max) else { return fault == .none ? .range : fault }
    builder.append(header.sign == negative ? -Int128(value) : Int128(value))
    return .none
  }

  static func decimal256(_ p: UnsafeRawPointer, _ length: Int, _ scale: Int, _ builder: ColumnBuilder)
    -> RowDecoder.Fault
  {
    guard let header = unsafe Header(p, length) else { return .malformed }
    if header.sign & 0x8000 != 0 { return .notFinite }
    var value = Int256.zero
    let fault = unsafe decimalDigits(p, header, scale) { value.append(digit: $0) }
    if fault != .none { return fault }
    builder.append(header.sign == negative ? value.negated : value)
    return .none
  }

  /// Hands over the decimal digits of `value * 10^scale`, the most significant first.
  private static func decimalDigits(_ p: UnsafeRawPointer, _ header: Header, _ scale: Int, _ take: (UInt64) -> Bool)
    -> RowDecoder.Fault
  {
    let places = 4 * (header.weight + 1) + scale
    for index in 0..<header.digits {
      var group = unsafe digit(p, index)
      if group > 9_999 { return .malformed }
      var unit: UInt64 = 1_000
      for place in 0..<4 {
        let (digit, rest) = group.quotientAndRemainder(dividingBy: unit)
        if index * 4 + place < places {
          if !take(digit) { return .range }
        } else if digit != 0 {
          return .range
        }
        group = rest
        unit /= 10
      }
    }
    for _ in 0..<max(0, places - header.digits * 4) where !take(0) { return .range }
    return .none
  }

  // MARK: text

  /// Appends the number as the server writes it: all digits of its display scale, `NaN`, `Infinity`, `-Infinity`.
  static func text(_ p: UnsafeRawPointer, _ length: Int, _ builder: ColumnBuilder) -> RowDecoder.Fault {
    guard let header = unsafe Header(p, length) else { return .malformed }
    switch header.sign {
    case 0, negative: break
    case notANumber: builder.append(text: "NaN")
    case infinity: builder.append(text: "Infinity")
    case minusInfinity: builder.append(text: "-Infinity")
    default: return .malformed
    }
    if header.sign & 0x8000 != 0 { return .none }
    for index in 0..<header.digits where unsafe digit(p, index) > 9_999 { return .malformed }
    let room = max(header.weight + 1, 1) * 4 + header.scale + 2
    let start = unsafe builder.reserveVariable(room + 8).assumingMemoryBound(to: UInt8.self)
    var out = unsafe start
    if header.sign == negative { unsafe put(UInt8(ascii: "-"), &out) }
    unsafe integerPart(p, header, &out)
    if header.scale > 0 { unsafe fraction(p, header, &out) }
    unsafe builder.finishVariable(out - start)
    return .none
  }

  private static func integerPart(_ p: UnsafeRawPointer, _ header: Header, _ out: inout UnsafeMutablePointer<UInt8>) {
    let start = unsafe out
    for index in 0..<max(header.weight + 1, 0) {
      let group = unsafe index < header.digits ? digit(p, index) : 0
      var unit: UInt64 = 1_000
      while unit > 0 {
        let digit = UInt8(truncatingIfNeeded: group / unit % 10)
        if unsafe digit != 0 || out != start { unsafe put(48 + digit, &out) }
        unit /= 10
      }
    }
    if unsafe out == start { unsafe put(48, &out) }
  }

  private static func fraction(_ p: UnsafeRawPointer, _ header: Header, _ out: inout UnsafeMutablePointer<UInt8>) {
    unsafe put(UInt8(ascii: "."), &out)
    for place in 0..<header.scale {
      let index = header.weight + 1 + place / 4
      let group = unsafe index >= 0 && index < header.digits ? digit(p, index) : 0
      let unit: UInt64 = [1_000, 100, 10, 1][place % 4]
      unsafe put(48 + UInt8(truncatingIfNeeded: group / unit % 10), &out)
    }
  }

  @inline(__always)
  private static func put(_ byte: UInt8, _ out: inout UnsafeMutablePointer<UInt8>) {
    unsafe out.pointee = byte
    unsafe out += 1
  }
}
