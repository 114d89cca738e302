/// The declarations of a type of tasks, read once.
struct Declarations: Sendable {
  let all: [PropertyDeclaration]
  private let byName: [String: PropertyDeclaration]

  /// The declaration of a property under its name or an alias.
  subscript(name: String) -> PropertyDeclaration? { byName[name] }

  private init(_ type: any DeclaredTask.Type) {
    all = PropertyDeclaration.collect(from: type.init())
    byName = Dictionary(
      all.flatMap { declaration in ([declaration.name] + declaration.aliases).map { ($0, declaration) } },
      uniquingKeysWith: { first, _ in first })
  }

  private static let known = Locked<[ObjectIdentifier: Declarations]>([:])

  static func of(_ type: any DeclaredTask.Type) -> Declarations {
    let id = ObjectIdentifier(type)
    if let found = known.withLock({ $0[id] }) { return found }
    let made = Declarations(type)
    known.withLock { $0[id] = made }
    return made
  }
}
