internal import ArgumentParser

@main
struct Ferry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ferry", abstract: "Moves tables between databases, files, Kafka and clouds.", version: "0.1.0")
}
