/// The builders of a batch as a loop over rows needs them: reached without counting references, which would cost as
/// much as appending a number.
@safe public struct ColumnBuilders {
  private let owned: [ColumnBuilder]
  @usableFromInline let references: [Unmanaged<ColumnBuilder>]

  public init(_ batch: BatchBuilder) {
    owned = batch.columns
    unsafe references = owned.map { unsafe Unmanaged.passUnretained($0) }
  }

  /// - Parameter body: what it is given must not leave it.
  @inlinable @inline(__always)
  public func with<Result>(_ column: Int, _ body: (ColumnBuilder) -> Result) -> Result {
    unsafe references[column]._withUnsafeGuaranteedRef(body)
  }
}
