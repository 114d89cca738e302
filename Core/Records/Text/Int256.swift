/// A signed 256-bit integer as decimal columns of more than 38 digits store it: little-endian two's complement, 32
/// bytes. It has what exact decimals need and no more.
@frozen
public struct Int256: BitwiseCopyable, Hashable, Sendable {
  /// From the least significant to the most significant word.
  public var w0: UInt64, w1: UInt64, w2: UInt64, w3: UInt64

  public init(_ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
    self.w0 = w0
    self.w1 = w1
    self.w2 = w2
    self.w3 = w3
  }

  public static let zero = Int256(0, 0, 0, 0)

  public init(_ value: Int128) {
    let high: UInt64 = value < 0 ? .max : 0
    self.init(UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64), high, high)
  }

  public var isNegative: Bool { w3 >> 63 != 0 }

  /// The value where 128 bits hold it.
  public var narrowed: Int128? {
    let low = Int128(truncatingIfNeeded: UInt128(w1) << 64 | UInt128(w0))
    return Int256(low) == self ? low : nil
  }

  /// Two's complement; the smallest value stays itself.
  public var negated: Int256 {
    var result = Int256(~w0, ~w1, ~w2, ~w3)
    _ = result.addMagnitude(1)
    return result
  }

  /// The absolute value, to be read as unsigned.
  public var magnitude: Int256 { isNegative ? negated : self }

  /// Adds to an unsigned value; true when it no longer fits 256 bits.
  mutating func addMagnitude(_ value: UInt64) -> Bool {
    var carry: Bool
    (w0, carry) = w0.addingReportingOverflow(value)
    (w1, carry) = w1.addingReportingOverflow(carry ? 1 : 0)
    (w2, carry) = w2.addingReportingOverflow(carry ? 1 : 0)
    (w3, carry) = w3.addingReportingOverflow(carry ? 1 : 0)
    return carry
  }

  /// Multiplies an unsigned value; true when it no longer fits 256 bits.
  mutating func multiplyMagnitude(_ factor: UInt64) -> Bool {
    var carry: UInt64 = 0
    w0 = Int256.multiply(w0, factor, &carry)
    w1 = Int256.multiply(w1, factor, &carry)
    w2 = Int256.multiply(w2, factor, &carry)
    w3 = Int256.multiply(w3, factor, &carry)
    return carry != 0
  }

  /// Another decimal digit behind those of an unsigned value; false when it no longer fits.
  public mutating func append(digit: UInt64) -> Bool {
    let isOver = multiplyMagnitude(10)
    return !addMagnitude(digit) && !isOver && !isNegative
  }

  private static func multiply(_ word: UInt64, _ factor: UInt64, _ carry: inout UInt64) -> UInt64 {
    let product = UInt128(word) * UInt128(factor) + UInt128(carry)
    carry = UInt64(truncatingIfNeeded: product >> 64)
    return UInt64(truncatingIfNeeded: product)
  }

  /// Divides an unsigned value and returns the remainder.
  mutating func divideMagnitude(_ divisor: UInt64) -> UInt64 {
    var rest: UInt64 = 0
    (w3, rest) = divisor.dividingFullWidth((rest, w3))
    (w2, rest) = divisor.dividingFullWidth((rest, w2))
    (w1, rest) = divisor.dividingFullWidth((rest, w1))
    (w0, rest) = divisor.dividingFullWidth((rest, w0))
    return rest
  }

  /// `self × 10^exponent`; nil where it does not fit.
  public func multiplied(byPowerOfTen exponent: Int) -> Int256? {
    var result = magnitude
    var left = exponent
    while left > 0 {
      let step = min(left, 19)
      if result.multiplyMagnitude(DecimalText.powers64[step]) || result.isNegative { return nil }
      left -= step
    }
    return isNegative ? result.negated : result
  }

  /// `self ÷ 10^exponent` where it leaves no remainder, else nil.
  public func dividedExactly(byPowerOfTen exponent: Int) -> Int256? {
    var result = magnitude
    var left = exponent
    while left > 0 {
      let step = min(left, 19)
      if result.divideMagnitude(DecimalText.powers64[step]) != 0 { return nil }
      left -= step
    }
    return isNegative ? result.negated : result
  }

  /// Whether the absolute value has at most `digits` decimal digits.
  public func fits(digits: Int) -> Bool {
    let bound = DecimalText.power256(digits)
    return magnitude < bound
  }
}

extension Int256: Comparable {
  public static func < (a: Int256, b: Int256) -> Bool {
    if a.w3 != b.w3 { return Int64(bitPattern: a.w3) < Int64(bitPattern: b.w3) }
    if a.w2 != b.w2 { return a.w2 < b.w2 }
    if a.w1 != b.w1 { return a.w1 < b.w1 }
    return a.w0 < b.w0
  }
}
