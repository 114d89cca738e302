import java.io.*;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;

/**
 * The yardstick for both tasks one after the other: what Kestra's Query (fetchType STORE) and Batch (chunk 1000, a commit
 * per chunk) do over JDBC. The rows go through a text file of one typed value after the other, which is cheaper than Ion.
 *
 * Usage: java -cp … Transfer SOURCE_URL QUERY TARGET_URL INSERT FILE
 */
public final class Transfer {
  public static void main(String[] arguments) throws Exception {
    long start = System.nanoTime();
    long read = query(arguments[0], arguments[1], arguments[4]);
    long middle = System.nanoTime();
    long written = batch(arguments[2], arguments[3], arguments[4]);
    long end = System.nanoTime();
    System.out.printf("%d %d %.3f %.3f%n", read, written, (middle - start) / 1e9, (end - middle) / 1e9);
  }

  /** The user and the password come by the environment: the drivers differ in how a URL escapes them. */
  private static Connection connect(String url) throws SQLException {
    return DriverManager.getConnection(url, System.getenv("TRANSFER_USER"), System.getenv("TRANSFER_PASSWORD"));
  }

  private static long query(String url, String sql, String file) throws Exception {
    long rows = 0;
    try (Connection connection = connect(url);
        Writer out = new BufferedWriter(new OutputStreamWriter(new FileOutputStream(file), StandardCharsets.UTF_8), 32768)) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
        statement.setFetchSize(10000);
        try (ResultSet result = statement.executeQuery(sql)) {
          int columns = result.getMetaData().getColumnCount();
          while (result.next()) {
            for (int column = 1; column <= columns; column++) write(out, result.getObject(column));
            out.write('\n');
            rows++;
          }
        }
      }
    }
    return rows;
  }

  private static void write(Writer out, Object value) throws IOException {
    if (value == null) out.write("n");
    else if (value instanceof Integer || value instanceof Short || value instanceof Byte) out.write("i" + value);
    else if (value instanceof Long) out.write("l" + value);
    else if (value instanceof BigDecimal) out.write("d" + ((BigDecimal) value).toPlainString());
    else if (value instanceof Double || value instanceof Float) out.write("f" + value);
    else if (value instanceof java.sql.Date) out.write("D" + ((java.sql.Date) value).toLocalDate());
    else if (value instanceof Timestamp) out.write("T" + ((Timestamp) value).toLocalDateTime());
    else out.write("s" + value.toString().replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t"));
    out.write('\t');
  }

  private static long batch(String url, String sql, String file) throws Exception {
    long rows = 0;
    try (Connection connection = connect(url);
        BufferedReader in = new BufferedReader(new InputStreamReader(new FileInputStream(file), StandardCharsets.UTF_8), 32768)) {
      connection.setAutoCommit(false);
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        int pending = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          int start = 0;
          for (int column = 1; start < line.length(); column++) {
            int end = line.indexOf('\t', start);
            bind(statement, column, line.charAt(start), line.substring(start + 1, end));
            start = end + 1;
          }
          statement.addBatch();
          rows++;
          if (++pending == 1000) {
            statement.executeBatch();
            connection.commit();
            pending = 0;
          }
        }
        if (pending > 0) statement.executeBatch();
        connection.commit();
      }
    }
    return rows;
  }

  private static void bind(PreparedStatement statement, int column, char type, String text) throws SQLException {
    switch (type) {
      case 'n': statement.setNull(column, Types.NULL); break;
      case 'i': statement.setInt(column, Integer.parseInt(text)); break;
      case 'l': statement.setLong(column, Long.parseLong(text)); break;
      case 'd': statement.setBigDecimal(column, new BigDecimal(text)); break;
      case 'f': statement.setDouble(column, Double.parseDouble(text)); break;
      case 'D': statement.setObject(column, java.time.LocalDate.parse(text)); break;
      case 'T': statement.setObject(column, java.time.LocalDateTime.parse(text)); break;
      default:
        if (text.indexOf('\\') >= 0) text = text.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\");
        statement.setString(column, text);
    }
  }
}
