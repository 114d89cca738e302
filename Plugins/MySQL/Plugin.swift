public import Engine
internal import SQL

/// The tasks for MySQL.
public let mysqlPlugin = Plugin(
  "mysql", "Queries and loads for MySQL.",
  tasks: [SQLQuery<MySQL>.self, SQLQueries<MySQL>.self, SQLBatch<MySQL>.self, SQLTrigger<MySQL>.self],
  triggers: [SQLTrigger<MySQL>.self])

/// The tasks for MariaDB.
public let mariadbPlugin = Plugin(
  "mariadb", "Queries and loads for MariaDB.",
  tasks: [SQLQuery<MariaDB>.self, SQLQueries<MariaDB>.self, SQLBatch<MariaDB>.self, SQLTrigger<MariaDB>.self],
  triggers: [SQLTrigger<MariaDB>.self])
