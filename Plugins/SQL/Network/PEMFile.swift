public import Engine
internal import Records

/// Certificates and keys for client libraries that read files only.
public enum PEMFile {
  /// A text in PEM goes into the task's own folder, readable by nobody else; any other text is taken as a path.
  /// - Returns: the path.
  public static func path(_ name: String, _ text: String, _ context: TaskContext) throws -> String {
    guard text.contains("-----BEGIN") else { return text }
    let path = try context.workingDirectory() + "/" + name
    let isWhole = text.utf8.last == UInt8(ascii: "\n")
    try PrivateFile.write(isWhole ? text : text + "\n", to: path, doing: "writing '\(name)' for TLS")
    return path
  }
}
