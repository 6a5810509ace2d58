package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** The disk with the messages is full while people talk, and then there is room again. */
final class DiskFullTest {
  private static final int WITHOUT_END = 1_000_000;
  private static final int DISK_MB = 24;

  /** Its extensions halve down to one page, so that in the end not even that one is free. */
  private static final int[] ROWS_OF_FILLER = {20_000, 1_000, 100, 7, 1, 1, 1};

  private static final Map<String, String> IMPATIENT =
      Map.of(
          "QUIPU_POSTGRES_STATEMENT_TIMEOUT_MS", "1000",
          "QUIPU_POSTGRES_LOCK_TIMEOUT_MS", "1000",
          "QUIPU_JOURNAL_GIVE_UP_MS", "1000",
          "QUIPU_SESSION_SEND_TIMEOUT_MS", "2000",
          "QUIPU_SESSION_APPEND_RETRY_MS", "300");

  private final Vertx vertx = Vertx.vertx();
  private final List<SdkDevice> devices = new ArrayList<>();

  @TempDir private Path folder;

  @AfterEach
  void close() {
    SdkDevice.await(vertx.close());
  }

  @Test
  void sendsAreToldThatTheStoreIsDownAndGoOnWhenThereIsRoomAgain(TestReporter reporter) {
    try (TroubledPostgres postgres = TroubledPostgres.in(folder.resolve("store"))) {
      String uri = postgres.freshDatabase();
      postgres.stop();
      Path disk = folder.resolve("small-disk");
      assumeTrue(
          postgres.startWithSmallDisk(disk, DISK_MB),
          "NOT TESTED: A FULL DISK. This machine gives no user namespace with a mount of its own");
      try (TestNode node = TestNode.start(uri, IMPATIENT)) {
        TroubledPostgres.run(
            uri, "create tablespace small location '" + disk.toAbsolutePath() + "'");
        TroubledPostgres.run(uri, "alter table messages set tablespace small");
        TroubledPostgres.run(uri, "create table filler (line text) tablespace small");
        ConversationId group = people(node);
        Chatter chatter = Chatter.start(group, devices, WITHOUT_END);
        SdkDevice.until(() -> chatter.acks() > 50);

        fill(uri);
        theStoreIsDownFor(node);
        assertThat(chatter.inFlight()).isPositive();
        int acks = chatter.acks();
        TroubledPostgres.run(uri, "drop table filler");

        long fromNs = System.nanoTime();
        SdkDevice.until(() -> chatter.acks() > acks);
        reporter.publishEntry(
            "ms until sends were acked again",
            Long.toString(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - fromNs)));
        SdkDevice.until(() -> chatter.acks() > acks + 100);
        chatter.stop();
        chatter.verdict(chatter.tail());
        assertThat(
                node.count(
                    "select count(*) from messages where seq > 0 and conversation ="
                        + " (select id from conversations where name = '%s')".formatted(group)))
            .isEqualTo(chatter.tail());
        devices.forEach(SdkDevice::close);
      }
    }
  }

  private ConversationId people(TestNode node) {
    for (String scheme : List.of("tcp", "ws", "ws+json")) {
      devices.add(node.device(vertx, "user-" + devices.size(), scheme).start());
    }
    return devices.get(0).createGroup(List.of("user-1", "user-2"));
  }

  /** PostgreSQL has less room with each refusal: what it had extended stays. */
  private static void fill(String uri) {
    for (int rows : ROWS_OF_FILLER) {
      String insert =
          "insert into filler select repeat('x', 1000) from generate_series(1, " + rows + ")";
      assertThatThrownBy(
              () -> {
                while (true) {
                  TroubledPostgres.run(uri, insert);
                }
              })
          .cause()
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53100"));
    }
  }

  /** What room is left in the last page of the log goes to somebody; then it is told as it is. */
  private static void theStoreIsDownFor(TestNode node) {
    ConversationId talk = ConversationId.direct(new UserId("ann"), new UserId("ben"));
    try (RawClient sender = RawClient.live(node, Dress.TCP, "ann", "phone")) {
      Frame answer;
      do {
        int send = sender.send(UUID.randomUUID(), talk, Content.Text.of("x".repeat(4_000)), false);
        answer =
            sender.await(
                Frame.class,
                f ->
                    f instanceof Frame.SendAck ack && ack.clientSeq() == send
                        || f instanceof Frame.SendRejected no && no.clientSeq() == send);
      } while (answer instanceof Frame.SendAck);
      Frame.SendRejected no = (Frame.SendRejected) answer;
      assertThat(no.code()).isEqualTo(ErrorCode.STORE_DOWN);
      assertThat(no.outcome()).isEqualTo(Outcome.UNKNOWN);
    }
  }
}
