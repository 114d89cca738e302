/// How well a type of another system holds what a column of a record file holds.
package enum SchemaFit: String, Sendable {
  /// The same type comes back.
  case exact
  /// Others see the standard type; Ferry's own name of the type stands beside it, and the same type comes back.
  case marked
  /// Every value fits, and comes back in a wider type.
  case widened
  /// A value that does not fit is refused when it is written.
  case checked
  case refused
}
