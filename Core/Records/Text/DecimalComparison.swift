extension DecimalText {
  /// Whether two decimal texts are the same number: `1.50` and `15e-1`. Texts that are no finite number, such as `NaN`,
  /// are the same as nothing.
  public static func isSameNumber(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard let first = unsafe Significant(a), let second = unsafe Significant(b) else { return false }
    guard first.count == second.count else { return false }
    if first.count == 0 { return true }
    guard first.isNegative == second.isNegative, first.magnitude == second.magnitude else { return false }
    return (0..<first.count).allSatisfy { first[$0] == second[$0] }
  }

  /// The digits of a decimal text that count: without zeros in front and behind.
  @safe private struct Significant {
    let text: Bytes
    let isNegative: Bool
    private var whole: Range<Int>
    private var fraction: Range<Int>
    /// The power of ten of the first digit, plus one.
    private(set) var magnitude: Int

    init?(_ bytes: UnsafeRawBufferPointer) {
      guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
        let parts = unsafe DecimalText.scan(base, bytes.count)
      else { return nil }
      unsafe text = unsafe base
      isNegative = parts.isNegative
      whole = parts.whole
      fraction = parts.fraction
      magnitude = parts.exponent + whole.count
      if whole.isEmpty {
        let zeros = fraction.prefix { unsafe base[$0] == 48 }.count
        fraction = (fraction.lowerBound + zeros)..<fraction.upperBound
        magnitude -= zeros
      }
      if fraction.isEmpty {
        let end = whole.last { unsafe base[$0] != 48 }.map { $0 + 1 } ?? whole.lowerBound
        whole = whole.lowerBound..<end
      }
    }

    var count: Int { whole.count + fraction.count }

    subscript(_ index: Int) -> UInt8 {
      unsafe index < whole.count
        ? text[whole.lowerBound + index] : text[fraction.lowerBound + index - whole.count]
    }
  }

  /// Whether the text is a plain number of at most `digits` digits, however many of them are zeros in front.
  public static func isShort(_ bytes: UnsafeRawBufferPointer, digits: Int) -> Bool {
    guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count <= digits + 2,
      let short = unsafe scanShort(base, bytes.count)
    else { return false }
    return short.digits <= digits
  }
}
