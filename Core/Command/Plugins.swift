internal import Engine
internal import MySQL
internal import PostgreSQL
internal import SQLite
internal import Serdes

/// All plugins of this build. A new one is one line here and one in Package.swift.
let registry = Registry([
  mariadbPlugin,
  mysqlPlugin,
  postgresqlPlugin,
  .serdes,
  sqlitePlugin,
])
