internal import CJQ

/// Values as libjq has them. Its functions take over what they are given, and give what the caller has to free.
enum JV {
  static func make(_ value: Value) -> jv {
    switch value {
    case .null: return unsafe jv_null()
    case .bool(let flag): return unsafe jv_bool(flag ? 1 : 0)
    case .int, .double, .decimal: return unsafe jv_number(value.approximate)
    case .string(let text): return unsafe string(text)
    case .secret(let secret): return unsafe make(secret.value)
    case .list(let elements):
      var array = unsafe jv_array_sized(Int32(clamping: elements.count))
      for element in elements { unsafe array = jv_array_append(array, make(element)) }
      return unsafe array
    case .map(let map):
      var object = unsafe jv_object()
      for (key, value) in map { unsafe object = jv_object_set(object, string(key), make(value)) }
      return unsafe object
    }
  }

  private static func string(_ text: String) -> jv {
    var text = text
    return text.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) {
        unsafe jv_string_sized($0.baseAddress, Int32(clamping: $0.count))
      }
    }
  }

  /// The text of a string, which is freed.
  static func text(_ string: jv) -> String {
    defer { unsafe jv_free(string) }
    guard unsafe jv_get_kind(string) == JV_KIND_STRING else { return "" }
    let count = unsafe Int(jv_string_length_bytes(jv_copy(string)))
    let bytes = unsafe UnsafeBufferPointer(start: jv_string_value(string), count: count)
    return unsafe bytes.withMemoryRebound(to: UInt8.self) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// A result, which stays the caller's; its numbers as the doubles that they are.
  static func value(_ result: jv, level: Int) throws(Problem) -> Value {
    if level > ExpressionLimits.depth {
      throw Problem("the jq program gives more than \(ExpressionLimits.depth) levels within each other")
    }
    switch unsafe jv_get_kind(result) {
    case JV_KIND_TRUE: return true
    case JV_KIND_FALSE: return false
    case JV_KIND_NUMBER: return unsafe .double(jv_number_value(result))
    case JV_KIND_STRING: return .string(unsafe text(jv_copy(result)))
    case JV_KIND_ARRAY: return try unsafe list(result, level)
    case JV_KIND_OBJECT: return try unsafe map(result, level)
    default: return .null
    }
  }

  private static func list(_ array: jv, _ level: Int) throws(Problem) -> Value {
    var elements: [Value] = []
    let count = unsafe jv_array_length(jv_copy(array))
    for index in 0..<count {
      let element = unsafe jv_array_get(jv_copy(array), index)
      defer { unsafe jv_free(element) }
      elements.append(try unsafe value(element, level: level + 1))
    }
    return .list(elements)
  }

  private static func map(_ object: jv, _ level: Int) throws(Problem) -> Value {
    var map = ValueMap()
    var place = unsafe jv_object_iter(object)
    while unsafe jv_object_iter_valid(object, place) != 0 {
      let key = unsafe text(jv_object_iter_key(object, place))
      let element = unsafe jv_object_iter_value(object, place)
      defer { unsafe jv_free(element) }
      map[key] = try unsafe value(element, level: level + 1)
      place = unsafe jv_object_iter_next(object, place)
    }
    return .map(map)
  }

  /// A number as jq writes it into texts.
  static func written(_ number: Double) -> String { unsafe text(jv_dump_string(jv_number(number), 0)) }
}
