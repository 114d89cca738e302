import java.math.BigDecimal;
import java.sql.*;

/** What jTDS, which speaks TDS 7.1, makes of the test server. */
public class JTDSCheck {
  static void expect(boolean holds, String what) {
    if (!holds) throw new RuntimeException(what);
  }

  public static void main(String[] arguments) throws Exception {
    Class.forName("net.sourceforge.jtds.jdbc.Driver");
    String url = "jdbc:jtds:sqlserver://localhost:" + arguments[0] + "/ferry";
    for (String ssl : new String[] {"off", "require"}) {
      try (Connection c = DriverManager.getConnection(url + ";ssl=" + ssl, "sa", arguments[1])) {
        everything(c);
      } catch (SQLException error) {
        // Java of today refuses the old protocols that jTDS asks for.
        if (ssl.equals("off") || !error.toString().contains("protocol")) throw error;
      }
    }
    try (Connection c = DriverManager.getConnection(url, "sa", "wrong")) {
      throw new RuntimeException("a wrong password was let in");
    } catch (SQLException error) {
      expect(error.getErrorCode() == 18456, "login: " + error);
    }
    System.out.println("all well");
  }

  static void everything(Connection c) throws Exception {
    try (Statement s = c.createStatement()) {
      s.execute("DROP TABLE IF EXISTS j");
      s.execute("CREATE TABLE j (id int NOT NULL PRIMARY KEY, a bigint, b decimal(38,10), c nvarchar(20), "
          + "d varchar(10), "
          + "e datetime, f float, g varbinary(10), h ntext, i nvarchar(max), k bit, l money, m uniqueidentifier)");
    }
    try (PreparedStatement p = c.prepareStatement("INSERT INTO j VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")) {
      p.setInt(1, 1);
      p.setLong(2, Long.MIN_VALUE);
      p.setBigDecimal(3, new BigDecimal("12345678901234567890.1234567891"));
      p.setString(4, "ü漢");
      p.setString(5, "äöü€");
      p.setTimestamp(6, Timestamp.valueOf("2004-10-19 10:23:54.253"));
      p.setDouble(7, 0.1);
      p.setBytes(8, new byte[] {0, -1});
      p.setString(9, "ü漢");
      p.setString(10, "ü漢".repeat(3000));
      p.setBoolean(11, true);
      p.setBigDecimal(12, new BigDecimal("1.5"));
      p.setString(13, "123E4567-E89B-12D3-A456-426614174000");
      expect(p.executeUpdate() == 1, "count");
    }
    try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT * FROM j")) {
      expect(r.next(), "no row");
      expect(r.getLong("a") == Long.MIN_VALUE, "bigint");
      BigDecimal b = r.getBigDecimal("b");
      expect(b.compareTo(new BigDecimal("12345678901234567890.1234567891")) == 0, "decimal " + b);
      expect(r.getString("c").equals("ü漢"), "nvarchar " + r.getString("c"));
      expect(r.getString("d").equals("äöü€"), "varchar " + r.getString("d"));
      expect(r.getTimestamp("e").equals(Timestamp.valueOf("2004-10-19 10:23:54.253")), "datetime");
      expect(r.getDouble("f") == 0.1, "float");
      expect(r.getBytes("g").length == 2, "varbinary");
      expect(r.getString("h").equals("ü漢"), "ntext");
      expect(r.getString("i").equals("ü漢".repeat(3000)), "nvarchar(max)");
      expect(r.getBoolean("k"), "bit");
      expect(r.getString("m").equals("123E4567-E89B-12D3-A456-426614174000"), "uniqueidentifier " + r.getString("m"));
    }
    try (Statement s = c.createStatement()) {
      s.executeUpdate("INSERT INTO j (id) VALUES (1)");
      throw new RuntimeException("a duplicate key was taken");
    } catch (SQLException error) {
      expect(error.getErrorCode() == 2627, "duplicate: " + error);
    }
    c.setAutoCommit(false);
    try (Statement s = c.createStatement()) {
      s.executeUpdate("DELETE FROM j");
      c.rollback();
      try (ResultSet r = s.executeQuery("SELECT COUNT(*) FROM j")) {
        r.next();
        expect(r.getInt(1) == 1, "rollback");
      }
      c.commit();
    }
    Statement slow = c.createStatement();
    new Thread(() -> {
      try {
        Thread.sleep(500);
        slow.cancel();
      } catch (Exception error) {
        System.out.println(error);
      }
    }).start();
    long began = System.nanoTime();
    try {
      slow.execute("WAITFOR DELAY '00:00:20'");
    } catch (SQLException error) {
      expect(error.getMessage().toLowerCase().contains("cancel"), "cancel: " + error);
    }
    expect(System.nanoTime() - began < 10_000_000_000L, "not cancelled");
    c.rollback();
    try (ResultSet columns = c.getMetaData().getColumns(null, null, "j", null)) {
      int count = 0;
      while (columns.next()) count++;
      expect(count == 13, "columns: " + count);
    }
    c.commit();
    c.setAutoCommit(true);
  }
}
