/// The builders of a row's columns side by side, for code that goes row by row: reaching one costs no retain, however
/// many columns there are.
///
///     for index in builders.indices {
///       let fault = builders.with(index) { codecs[index].append(&cursor, to: $0) }
@safe public struct ColumnBuilders {
  public let all: [ColumnBuilder]
  @usableFromInline let held: [Unmanaged<ColumnBuilder>]

  public init(_ builders: [ColumnBuilder]) {
    all = builders
    // `all` keeps them alive.
    unsafe held = builders.map { unsafe Unmanaged.passUnretained($0) }
  }

  @inlinable public var indices: Range<Int> { 0..<all.count }

  @inlinable @inline(__always)
  public func with<Result>(_ index: Int, _ body: (ColumnBuilder) -> Result) -> Result {
    unsafe held[index]._withUnsafeGuaranteedRef(body)
  }
}
