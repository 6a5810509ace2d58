package io.quipu.it;

import static io.quipu.contract.Awaiting.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.StoreUnfitException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A PostgreSQL that is not fit is refused, in words for an operator. */
final class PostgresStartTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() {
    await(vertx.close());
  }

  private AbstractThrowableAssert<?, ? extends Throwable> refusal(String uri) {
    return assertThatThrownBy(() -> await(Postgres.open(vertx, uri, TestPostgres.limits())))
        .isInstanceOf(StoreUnfitException.class);
  }

  private static String databaseOf(String uri) {
    return uri.substring(uri.lastIndexOf('/') + 1);
  }

  @Test
  void aPostgresThatIsNotThereIsNamedWithinTenSeconds() throws IOException {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    long before = System.nanoTime();

    refusal("postgresql://quipu:secret@127.0.0.1:" + port + "/quipu")
        .hasMessageContaining("127.0.0.1:" + port)
        .hasMessageContaining("postgres.uri")
        .hasMessageNotContaining("secret");

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void aSocketThatNeverAnswersIsGivenUp() throws IOException {
    try (ServerSocket mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      refusal("postgresql://quipu:secret@127.0.0.1:" + mute.getLocalPort() + "/quipu")
          .hasMessageContaining("no answer within");
    }
  }

  @Test
  void aWrongPasswordIsSaidAtOnce() {
    String uri = TestPostgres.freshDatabase();
    long before = System.nanoTime();

    refusal(uri.replaceFirst("quipu:[^@]+@", "quipu:wrong@"))
        .hasMessageContaining("password authentication failed");

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(3));
  }

  @Test
  void aDatabaseThatDoesNotExistIsNamed() {
    String uri = TestPostgres.server().uri();
    refusal(uri.substring(0, uri.lastIndexOf('/')) + "/nowhere")
        .hasMessageContaining("\"nowhere\" does not exist");
  }

  @Test
  void aUriThatIsNoneIsExplained() {
    refusal("mysql://localhost").hasMessageContaining("postgresql://USER:PASSWORD@HOST");
  }

  @Test
  void aPostgresThatWouldLoseMessagesIsRefusedUnlessTheOperatorAcceptsIt() {
    String uri = TestPostgres.freshDatabase();
    TestPostgres.run("alter database " + databaseOf(uri) + " set synchronous_commit = off");

    refusal(uri)
        .hasMessageContaining("synchronous_commit = off")
        .hasMessageContaining("iAcceptLosingAckedMessages");

    Configuration.Postgres limits = TestPostgres.limits();
    Configuration.Postgres careless =
        new Configuration.Postgres(
            limits.uri(),
            limits.readConnections(),
            limits.connectTimeoutMs(),
            limits.statementTimeoutMs(),
            limits.lockTimeoutMs(),
            limits.idleInTransactionTimeoutMs(),
            limits.maxWaiting(),
            true);
    await(Postgres.open(vertx, uri, careless).compose(Postgres::close));
  }

  @Test
  void aDatabaseThatCannotHoldEveryTextIsRefused() {
    TestPostgres.run(
        "create database ascii_only template template0 encoding 'SQL_ASCII' locale 'C'");
    String uri = TestPostgres.server().uri();

    refusal(uri.substring(0, uri.lastIndexOf('/')) + "/ascii_only")
        .hasMessageContaining("encoding UTF8");
  }

  @Test
  void nodesThatStartTogetherMakeTheSchemaOnce() {
    TestPostgres.run("create database for_two");
    String uri = TestPostgres.server().uri();
    String forTwo = uri.substring(0, uri.lastIndexOf('/')) + "/for_two";

    var first = Postgres.open(vertx, forTwo, TestPostgres.limits());
    var second = Postgres.open(vertx, forTwo, TestPostgres.limits());
    await(Future.all(first, second));

    await(first.result().directory().ping());
    await(Future.all(first.result().close(), second.result().close()));
  }

  @Test
  void aRoleWithoutPrivilegesOverTheServerIsEnough() {
    TestPostgres.run("create role plain login password 'plain'");
    TestPostgres.run("create database of_plain owner plain");
    String uri = TestPostgres.server().uri();
    String ofPlain =
        uri.substring(0, uri.lastIndexOf('/')).replaceFirst("quipu:[^@]+@", "plain:plain@")
            + "/of_plain";

    Postgres postgres = await(Postgres.open(vertx, ofPlain, TestPostgres.limits()));
    var session =
        await(postgres.directory().openSession(new UserId("alice"), new DeviceId("phone"), 0, 3));

    assertThat(session.storeEpoch()).isNotBlank();
    await(postgres.close());
  }
}
