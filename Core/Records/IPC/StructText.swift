extension ColumnMaker {
  func json(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    var failure = failure(array, "the type \(array.plan.typeName) cannot be read")
    failure.category = .schema
    throw failure
  }
}
