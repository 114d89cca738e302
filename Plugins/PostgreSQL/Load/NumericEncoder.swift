internal import Records

/// Writes the server's binary numeric, with its length in front.
enum NumericEncoder {
  // MARK: decimals

  @inline(__always)
  static func append(_ value: Int128, _ scale: Int, to buffer: OutputBuffer) {
    if scale <= 8, let small = Int64(exactly: value), small.magnitude < 1_000_000_000_000_000_000 {
      appendSmall(small, scale, to: buffer)
    } else {
      appendDigits(value.magnitude, isNegative: value < 0, scale, to: buffer)
    }
  }

  /// 10^0 … 10^8
  private static let powers: InlineArray<9, UInt64> = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
  ]

  /// Below 10^18 with at most 8 places: everything fits into 64 bits, in at most 5 + 2 digits to the base of 10,000.
  @inline(__always)
  private static func appendSmall(_ value: Int64, _ scale: Int, to buffer: OutputBuffer) {
    let (whole, part) = value.magnitude.quotientAndRemainder(dividingBy: powers[scale])
    let out = unsafe buffer.reserve(12 + 14)
    var digits = 0
    var weight = 0
    @inline(__always)
    func put(_ digit: UInt64) {
      unsafe (out + 12 + digits * 2).storeBytes(of: UInt16(truncatingIfNeeded: digit).bigEndian, as: UInt16.self)
      digits += 1
    }
    if whole < 10_000 {
      if whole != 0 { put(whole) }
    } else if whole < 100_000_000 {
      put(whole / 10_000)
      put(whole % 10_000)
      weight = 1
    } else {
      weight = putWhole(whole, put)
    }
    if whole == 0 { weight = -1 }
    if part != 0 {
      let groups = (scale + 3) / 4
      let aligned = part * powers[groups * 4 - scale]
      let high = groups == 2 ? aligned / 10_000 : aligned
      let low = groups == 2 ? aligned % 10_000 : 0
      if high != 0 || whole != 0 { put(high) } else { weight -= 1 }
      if low != 0 { put(low) }
    } else if digits > 0 {
      // The server's own form ends with a digit that is not zero.
      while digits > 0, unsafe (out + 12 + digits * 2 - 2).loadUnaligned(as: UInt16.self) == 0 { digits -= 1 }
    }
    if digits == 0 { weight = 0 }
    unsafe header(out, digits, weight, value < 0 ? NumericDecoder.negative : 0, scale)
    buffer.advance(12 + digits * 2)
  }

  private static func putWhole(_ whole: UInt64, _ put: (UInt64) -> Void) -> Int {
    var unit: UInt64 = 1_0000_0000
    var weight = 2
    while whole / unit >= 10_000 {
      unit *= 10_000
      weight += 1
    }
    var rest = whole
    while unit > 0 {
      put(rest / unit)
      rest %= unit
      unit /= 10_000
    }
    return weight
  }

  @inline(__always)
  private static func header(
    _ out: UnsafeMutableRawPointer, _ digits: Int, _ weight: Int, _ sign: UInt16, _ scale: Int
  ) {
    unsafe out.storeBytes(of: Int32(truncatingIfNeeded: 8 + digits * 2).bigEndian, as: Int32.self)
    unsafe out.storeBytes(of: Int16(truncatingIfNeeded: digits).bigEndian, toByteOffset: 4, as: Int16.self)
    unsafe out.storeBytes(of: Int16(truncatingIfNeeded: weight).bigEndian, toByteOffset: 6, as: Int16.self)
    unsafe out.storeBytes(of: sign.bigEndian, toByteOffset: 8, as: UInt16.self)
    unsafe out.storeBytes(of: Int16(truncatingIfNeeded: scale).bigEndian, toByteOffset: 10, as: Int16.self)
  }

  @inline(never)
  private static func appendDigits(_ value: UInt128, isNegative: Bool, _ scale: Int, to buffer: OutputBuffer) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { digits in
      var rest = value
      var first = 40
      while rest > 0 {
        first -= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        unsafe digits[first] = UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
      let all = unsafe UnsafeBufferPointer(rebasing: digits[first..<40])
      unsafe append(digits: all, point: all.count - scale, isNegative, scale, to: buffer)
    }
  }

  static func append(_ value: Wide256, _ scale: Int, to buffer: OutputBuffer) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 80) { digits in
      var rest = value
      if value.isNegative { rest.negate() }
      var first = 80
      while !rest.isZero {
        first -= 1
        unsafe digits[first] = UInt8(truncatingIfNeeded: rest.divide(by: 10))
      }
      let all = unsafe UnsafeBufferPointer(rebasing: digits[first..<80])
      unsafe append(digits: all, point: all.count - scale, value.isNegative, scale, to: buffer)
    }
  }

  // MARK: text

  /// - Parameter maxScale: the most digits behind the point that the column keeps; further ones must be zero.
  static func append(_ text: UnsafeRawBufferPointer, maxScale: Int64, to buffer: OutputBuffer) -> RowEncoder.Fault {
    var rest = unsafe text[...]
    let isNegative = unsafe rest.first == UInt8(ascii: "-")
    if unsafe isNegative || rest.first == UInt8(ascii: "+") { unsafe rest = unsafe rest.dropFirst() }
    guard let first = unsafe rest.first else { return .malformed }
    if !(48...57).contains(first), first != UInt8(ascii: ".") {
      return unsafe appendSpecial(String(decoding: rest, as: UTF8.self).lowercased(), isNegative, to: buffer)
    }
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: rest.count) { digits in
      var count = 0
      var point: Int?
      for position in unsafe rest.indices {
        let byte = unsafe rest[position]
        if byte == UInt8(ascii: "."), point == nil {
          point = count
        } else if (48...57).contains(byte) {
          unsafe digits[count] = byte - 48
          count += 1
        } else {
          return .malformed
        }
      }
      guard count > 0 else { return .malformed }
      let scale = count - (point ?? count)
      if Int64(scale) > maxScale {
        for index in max(0, count - scale + Int(maxScale))..<count where unsafe digits[index] != 0 { return .precision }
      }
      // The server's own limits: weight and scale have 14 bits and more in its longest form.
      guard scale <= 16_383, count - scale <= 131_072 else { return .range }
      unsafe append(
        digits: UnsafeBufferPointer(rebasing: digits[..<count]), point: count - scale, isNegative, scale, to: buffer)
      return .none
    }
  }

  private static func appendSpecial(_ word: String, _ isNegative: Bool, to buffer: OutputBuffer) -> RowEncoder.Fault {
    let sign: UInt16
    switch word {
    case "nan" where !isNegative: sign = NumericDecoder.notANumber
    case "infinity", "inf": sign = isNegative ? NumericDecoder.minusInfinity : NumericDecoder.infinity
    default: return .malformed
    }
    let out = unsafe buffer.reserve(12)
    unsafe header(out, 0, 0, sign, 0)
    buffer.advance(12)
    return .none
  }

  // MARK: digits

  /// Appends a number of decimal digits (values 0…9).
  /// - Parameter point: how many of them stand in front of the point; may be negative, or beyond the digits.
  private static func append(
    digits: UnsafeBufferPointer<UInt8>, point: Int, _ isNegative: Bool, _ scale: Int, to buffer: OutputBuffer
  ) {
    // The first group covers decimal places from `4 * weight + 3` down to `4 * weight`, counted from the point.
    var first = 0
    while first < digits.count, unsafe digits[first] == 0 { first += 1 }
    let leading = point - first
    let weight = leading > 0 ? (leading - 1) / 4 : -((-leading) / 4 + 1)
    var position = point - (weight + 1) * 4
    let out = unsafe buffer.reserve(12 + (digits.count / 4 + 3) * 2)
    var count = 0
    var kept = 0
    while position < digits.count {
      var group: UInt16 = 0
      for index in position..<(position + 4) {
        group = unsafe group &* 10 &+ (index >= 0 && index < digits.count ? UInt16(digits[index]) : 0)
      }
      unsafe (out + 12 + count * 2).storeBytes(of: group.bigEndian, as: UInt16.self)
      count += 1
      if group != 0 { kept = count }
      position += 4
    }
    unsafe header(out, kept, kept == 0 ? 0 : weight, isNegative && kept > 0 ? NumericDecoder.negative : 0, scale)
    buffer.advance(12 + kept * 2)
  }
}
