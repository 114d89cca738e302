extension DecimalText {
  /// Whether two decimal texts are the same number: `1.50` and `15e-1`. Texts that are no finite number, such as `NaN`,
  /// are the same as nothing.
  public static func isSameNumber(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard let first = Significant(a), let second = Significant(b) else { return false }
    guard first.count == second.count else { return false }
    if first.count == 0 { return true }
    guard first.isNegative == second.isNegative, first.magnitude == second.magnitude else { return false }
    for index in 0..<first.count where a[first.place(index)] != b[second.place(index)] { return false }
    return true
  }

  /// Where the digits of a decimal text stand that count: without zeros in front and behind.
  private struct Significant {
    let isNegative: Bool
    private var whole: Range<Int>
    private var fraction: Range<Int>
    /// The power of ten of the first digit, plus one.
    private(set) var magnitude: Int

    init?(_ text: Span<UInt8>) {
      guard let parts = DecimalText.scan(text) else { return nil }
      isNegative = parts.isNegative
      whole = parts.whole
      fraction = parts.fraction
      magnitude = parts.exponent + whole.count
      if whole.isEmpty {
        let first = fraction.first { text[$0] != 48 } ?? fraction.upperBound
        magnitude -= first - fraction.lowerBound
        fraction = first..<fraction.upperBound
      }
      if fraction.isEmpty {
        let end = whole.last { text[$0] != 48 }.map { $0 + 1 } ?? whole.lowerBound
        whole = whole.lowerBound..<end
      }
    }

    var count: Int { whole.count + fraction.count }

    /// Where a digit stands in the text.
    func place(_ index: Int) -> Int {
      index < whole.count ? whole.lowerBound + index : fraction.lowerBound + index - whole.count
    }
  }

  /// Whether the text is a plain number of at most `digits` digits, however many of them are zeros in front.
  public static func isShort(_ text: Span<UInt8>, digits: Int) -> Bool {
    guard text.count <= digits + 2, let short = scanShort(text) else { return false }
    return short.digits <= digits
  }
}
