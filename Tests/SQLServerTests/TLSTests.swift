import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// Encryption and certificates, against the test servers' own authority.
@Suite(.serialized) struct TLSTests {
  private let server: OwnServer
  init() throws { server = try OwnServer() }

  /// Whether all of a connection is encrypted, by the server's word.
  private func encrypted(_ connection: SQLServerConnection) throws -> Bool {
    defer { connection.close() }
    let rows = try connection.native.texts(
      "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID")
    return rows[0][0] == "TRUE"
  }

  private func options(_ change: (inout SQLServerOptions) throws -> Void) rethrows -> SQLServerOptions {
    var options = SQLServerOptions()
    try change(&options)
    return options
  }

  // MARK: certificates

  @Test func `the trusted server is taken, however the authority is given`() throws {
    let (text, path) = (try TLSFiles.text("ca.crt"), try TLSFiles.path("ca.crt"))
    for options in [
      options { $0.sslRootCert = text }, options { $0.sslRootCert = path }, options { $0.trustStore = path },
    ] { #expect(try encrypted(server.connect("", options))) }
    #expect(try encrypted(server.connect("trustStore=\(path)")))
    #expect(try encrypted(server.connect("encrypt=true;serverCertificate=\(path)")))
    #expect(try encrypted(server.connect("trustStore=\(path);hostNameInCertificate=127.0.0.1")))
    #expect(try encrypted(server.connect("trustServerCertificate=true")))
  }

  /// The machine's own authorities have not signed it; an authority that is given takes their place.
  @Test(arguments: ["", "trustStore=other-ca.crt"]) func `another authority is refused`(parameters: String) throws {
    let parameters = parameters.replacing("other-ca.crt", with: try TLSFiles.path("other-ca.crt"))
    let failure = try thrown { try server.connect(parameters).close() }
    #expect(failure.message.contains("connecting to 127.0.0.1:\(server.port): the log-in, or the encryption"))
    #expect(failure.hint?.contains("its name be '127.0.0.1'") == true, "\(failure)")
    #expect(failure.hint?.contains(parameters.isEmpty ? "'sslRootCert'" : "other-ca.crt'") == true, "\(failure)")
    #expect(failure.hint?.contains("trustServerCertificate=true") == true)
    #expect(!"\(failure)".contains(OwnServer.password))
  }

  @Test func `another name is refused`() throws {
    let server = try OwnServer(host: "127.0.0.2")
    let trusting = "trustStore=\(try TLSFiles.path("ca.crt"))"
    let failure = try thrown { try server.connect(trusting).close() }
    #expect(failure.hint?.contains("its name be '127.0.0.2'") == true, "\(failure)")
    try server.connect("trustServerCertificate=true").close()
    // FreeTDS knows no way to check another name than the host's.
    let other = try thrown { try server.connect("\(trusting);hostNameInCertificate=localhost").close() }
    #expect(other.category == .configuration && other.message.contains("hostNameInCertificate is 'localhost'"))
    #expect(other.hint?.contains("Connect by that name") == true)
  }

  @Test func `a certificate that is over is refused`() throws {
    let folder = try TemporaryFolder()
    let files = try TLSFiles.path("")
    _ = try Python.output(of: TLSTests.expired, [files, folder.path])
    let server = try OwnServer(["--certificate", "\(folder.path)/old.crt", "--key", "\(folder.path)/old.key"])
    let failure = try thrown { try server.connect("trustStore=\(files)ca.crt").close() }
    #expect(failure.hint?.contains("it must be in date") == true, "\(failure)")
    try server.connect("trustServerCertificate=true").close()
  }

  private static let expired = """
    import datetime, ipaddress, sys
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization as s
    from cryptography.hazmat.primitives.asymmetric import rsa
    files, folder = sys.argv[1:]
    ca = x509.load_pem_x509_certificate(open(files + 'ca.crt', 'rb').read())
    secret = s.load_pem_private_key(open(files + 'ca.key', 'rb').read(), None)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'localhost')])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])
    old = (x509.CertificateBuilder().subject_name(name).issuer_name(ca.subject).public_key(key.public_key())
           .serial_number(7).not_valid_before(now - datetime.timedelta(days=9))
           .not_valid_after(now - datetime.timedelta(days=1)).add_extension(names, False).sign(secret, hashes.SHA256()))
    open(folder + '/old.crt', 'wb').write(old.public_bytes(s.Encoding.PEM))
    open(folder + '/old.key', 'wb').write(
        key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
    """

  @Test func `a Java key store cannot be read`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/trust.jks"
    try Data([0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0xFF]).write(to: URL(fileURLWithPath: path))
    for options in [options { $0.trustStore = path }, options { $0.trustStore = path + "x" }] {
      let failure = try thrown { try server.connect("", options).close() }
      #expect(failure.category == .configuration, "\(failure)")
      let isThere = options.trustStore == path
      #expect(failure.message.contains(isThere ? "holds no certificate in PEM form" : "\(path)x'"), "\(failure)")
      #expect(failure.hint?.contains("keytool") == isThere || failure.hint == nil)
    }
    // Nobody looks into it where nothing is checked.
    #expect(try encrypted(server.connect("trustServerCertificate=true", options { $0.trustStore = path })))
  }

  // MARK: how far

  @Test(arguments: [
    ("trustServerCertificate=true", true), ("encrypt=true;trustServerCertificate=true", true),
    ("encrypt=mandatory;trustServerCertificate=yes", true), ("encrypt=false", false), ("encrypt=optional", false),
    ("encrypt=no;trustServerCertificate=true", false),
  ])
  func `what the url says`(parameters: String, isEncrypted: Bool) throws {
    #expect(try encrypted(server.connect(parameters)) == isEncrypted)
  }

  @Test(arguments: [(Encrypt.true, true), (.false, false), (.optional, false)])
  func `what the property says, unless the url does`(encrypt: Encrypt, isEncrypted: Bool) throws {
    let own = options {
      $0.encrypt = encrypt
      $0.trustServerCertificate = true
    }
    #expect(try encrypted(server.connect("", own)) == isEncrypted)
    #expect(try encrypted(server.connect("encrypt=false", own)) == false)
    #expect(try encrypted(server.connect("encrypt=true", own)))
    // The url's word on trust counts as well.
    #expect(throws: Failure.self) { try server.connect("encrypt=true;trustServerCertificate=false", own).close() }
  }

  /// As a flow writes it.
  @Test(arguments: ["TRUE", "FALSE", "OPTIONAL"]) func `properties of a task`(encrypt: String) throws {
    let folder = try TemporaryFolder()
    let outputs = try SQLQuery<SQLServer>.runAlone(
      server.properties(
        [
          "encrypt": .string(encrypt), "trustStore": .string(try TLSFiles.path("ca.crt")),
          "sql": "SELECT encrypt_option AS e FROM sys.dm_exec_connections WHERE session_id = @@SPID",
          "fetchType": "FETCH_ONE",
        ], url: server.url("")), storage: folder.path
    ).outputs
    #expect(outputs["row"]?.map?["e"]?.string == (encrypt == "TRUE" ? "TRUE" : "FALSE"))
  }

  @Test func `a server that cannot encrypt`() throws {
    let server = try OwnServer(certificate: nil)
    for parameters in ["", "trustServerCertificate=true"] {
      let failure = try thrown { try server.connect(parameters).close() }
      #expect(failure.hint?.contains("a server without encryption needs encrypt=false") == true, "\(failure)")
    }
    #expect(try encrypted(server.connect("encrypt=false")) == false)
  }

  @Test func `a server that wants all encrypted`() throws {
    let server = try OwnServer(["--encrypt", "required"])
    #expect(try encrypted(server.connect("encrypt=false")))
  }
}
