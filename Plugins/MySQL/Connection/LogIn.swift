/// The ways to log in that a server may ask for.
///
/// A server chooses the way, and so does whoever sits between it and the client: where nobody has checked who the
/// server is, it must not get the password, neither as it is nor encrypted with a key that it has just sent by itself.
extension ConnectionPlan {
  /// The client library's names of its plugins.
  func logIns(to host: Host) -> [String] {
    var names = [
      "mysql_native_password", "client_ed25519", "parsec", "auth_gssapi_client", "unix_socket", "auth_socket",
    ]
    if trustsKey(of: host) { names += ["caching_sha2_password", "sha256_password"] }
    if allowsClearPassword && (tls == .verified || host.isLocal) { names += ["mysql_clear_password", "dialog"] }
    return names
  }

  /// Whether the password may be sent encrypted with what the server says is its key: inside of TLS it is sent plain.
  func trustsKey(of host: Host) -> Bool {
    tls == .required || tls == .verified || host.isLocal || allowsPublicKeyRetrieval
  }
}
