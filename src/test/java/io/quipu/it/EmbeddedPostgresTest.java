package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import io.quipu.server.journal.StoreUnfitException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EmbeddedPostgresTest {
  private static final Path ENGINES = Path.of("target", "test-engine");

  private static String ask(EmbeddedPostgres server, String sql) {
    try (Connection connection = TestPostgres.connect(server.uri());
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return "";
      }
      try (ResultSet rows = statement.getResultSet()) {
        return rows.next() ? rows.getString(1) : "";
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void itIsDurableAndKeepsItsDataItsPasswordAndItsPort(@TempDir Path directory) throws IOException {
    String uri;
    try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, ENGINES)) {
      uri = server.uri();
      for (String setting : new String[] {"fsync", "synchronous_commit", "full_page_writes"}) {
        assertThat(ask(server, "show " + setting)).as(setting).isEqualTo("on");
      }
      assertThat(ask(server, "show listen_addresses")).isEqualTo("127.0.0.1");
      ask(server, "create table kept as select 42 as answer");
    }
    assertThat(directory.resolve("postgres/postmaster.pid")).doesNotExist();
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("postgres.password"))))
        .isEqualTo("rw-------");

    try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, ENGINES)) {
      assertThat(server.uri()).isEqualTo(uri);
      assertThat(ask(server, "select answer from kept")).isEqualTo("42");

      assertThatThrownBy(() -> EmbeddedPostgres.start(directory, ENGINES))
          .isInstanceOf(StoreUnfitException.class)
          .hasMessageContaining("in use by another node")
          .hasMessageContaining(Long.toString(ProcessHandle.current().pid()));
      assertThatThrownBy(
              () ->
                  DriverManager.getConnection(
                      "jdbc:" + uri.replaceFirst("//.*@", "//"), "quipu", "guessed"))
          .hasMessageContaining("password authentication failed");
      assertThat(ask(server, "select answer from kept")).isEqualTo("42");
    }
  }

  @Test
  void whatAKilledNodeLeavesIsStoppedAndNothingIsLost(@TempDir Path directory)
      throws IOException, InterruptedException {
    long orphan;
    Process node =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Node.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader output =
        new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8))) {
      Optional<String> ready = output.lines().filter(line -> line.startsWith("ready ")).findFirst();
      orphan = Long.parseLong(ready.orElseThrow().substring("ready ".length()));
      assertThatThrownBy(() -> EmbeddedPostgres.start(directory, ENGINES))
          .isInstanceOf(StoreUnfitException.class)
          .hasMessageContaining(Long.toString(node.pid()));
    } finally {
      node.destroyForcibly();
    }
    assertThat(node.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(ProcessHandle.of(orphan)).matches(process -> process.orElseThrow().isAlive());

    try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, ENGINES)) {
      assertThat(server.pid()).isNotEqualTo(orphan);
      assertThat(ask(server, "select answer from kept")).isEqualTo("42");
    }
  }

  /** A node that is killed. */
  static final class Node {
    public static void main(String[] arguments) throws IOException {
      EmbeddedPostgres server = EmbeddedPostgres.start(Path.of(arguments[0]), ENGINES);
      ask(server, "create table kept as select 42 as answer");
      System.out.println("ready " + server.pid());
      System.in.read(); // until it is killed, or its parent is gone
    }
  }

  @Test
  void whatAnEarlierLifeLeftHalfDoneDoesNotDisturb(@TempDir Path directory) throws IOException {
    Files.createDirectories(directory.resolve("postgres.new/base"));
    Files.writeString(directory.resolve("postgres.new/PG_VERSION"), "17");
    EmbeddedPostgres crashed = EmbeddedPostgres.start(directory, ENGINES);
    ask(crashed, "create table kept as select 42 as answer");
    crashed.crash();
    // Its process id may be another program's by now.
    Files.writeString(
        directory.resolve("postgres/postmaster.pid"), ProcessHandle.current().pid() + "\n");

    try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, ENGINES)) {
      assertThat(ask(server, "select answer from kept")).isEqualTo("42");
    }
  }
}
