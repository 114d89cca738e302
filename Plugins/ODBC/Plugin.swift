public import Engine
internal import SQL

/// The tasks for every database that has an ODBC driver.
public let odbcPlugin = Plugin(
  "odbc", "Every database that has an ODBC driver.",
  tasks: [SQLQuery<ODBC>.self, SQLQueries<ODBC>.self, SQLBatch<ODBC>.self, SQLTrigger<ODBC>.self],
  triggers: [SQLTrigger<ODBC>.self])

/// The tasks for Actian Vector, under its old name and its new one.
public let vectorwisePlugin = Plugin(
  "vectorwise", "Actian Vector (Vectorwise), through Actian's ODBC driver.",
  tasks: [
    SQLQuery<Vectorwise>.self, SQLQueries<Vectorwise>.self, SQLBatch<Vectorwise>.self, SQLTrigger<Vectorwise>.self,
  ], triggers: [SQLTrigger<Vectorwise>.self])
