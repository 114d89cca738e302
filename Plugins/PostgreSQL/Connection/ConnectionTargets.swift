internal import Engine
internal import Records
internal import SQL

extension ConnectionPlan {
  typealias Parameters = [(name: String, value: String)]

  /// libpq's parameters for each host and each of its addresses, in the order in which they are to be tried. libpq
  /// would look the names up by itself, and block until that is over; and give the first address all the time.
  func targets(_ context: TaskContext) throws -> [Parameters] {
    let isGiven = parameters.contains { $0.name == "hostaddr" }
    // Only libpq knows all hosts at once.
    let isOne = parameters.contains { $0.name == "target_session_attrs" && $0.value == "prefer-standby" }
    if isGiven || isOne { return [parameters] }
    let hosts = value("host").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let ports = value("port").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var targets: [Parameters] = []
    var problem: (any Error)?
    for (index, host) in hosts.enumerated() {
      let port = ports.count == 1 ? ports.first : ports.dropFirst(index).first
      do {
        let addresses = try addresses(host, connectTimeout / hosts.count, context)
        targets += addresses.map { parameters(host, port ?? "5432", $0) }
      } catch {
        try context.checkCancelled()
        problem = problem ?? error
      }
    }
    if targets.isEmpty, let problem { throw problem }
    return targets
  }

  private func value(_ name: String) -> String { parameters.first { $0.name == name }?.value ?? "" }

  /// Nil for what needs none: a socket's folder, libpq's default.
  private func addresses(_ host: String, _ limit: Duration, _ context: TaskContext) throws -> [String?] {
    if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") { return [nil] }
    return try HostLookup.addresses(of: host, atMost: limit) { try context.checkCancelled() }
  }

  private func parameters(_ host: String, _ port: String, _ address: String?) -> Parameters {
    let own = [("host", host), ("port", port)] + (address.map { [("hostaddr", $0)] } ?? [])
    return parameters.filter { $0.name != "host" && $0.name != "port" } + own.map { (name: $0.0, value: $0.1) }
  }
}
