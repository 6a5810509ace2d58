package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PostgreSQL fails while people talk: nothing is acked that is not stored, and all ends well. */
final class StoreTroubleTest {
  private static final int CUTS = 4;
  private static final int WITHOUT_END = 1_000_000;

  private final Vertx vertx = Vertx.vertx();
  private final List<SdkDevice> devices = new ArrayList<>();

  @AfterEach
  void close() {
    devices.forEach(SdkDevice::close);
    SdkDevice.await(vertx.close());
  }

  private ConversationId people(TestNode node) {
    for (String scheme : List.of("tcp", "ws", "ws+json")) {
      devices.add(node.device(vertx, "user-" + devices.size(), scheme).start());
    }
    return devices.get(0).createGroup(List.of("user-1", "user-2"));
  }

  @Test
  void connectionsThatAreCutInTheMiddleOfSendsLoseAndRepeatNothing() {
    try (TestNode node = TestNode.start(Map.of())) {
      Chatter chatter = Chatter.start(people(node), devices, WITHOUT_END);
      for (int cut = 1; cut <= CUTS; cut++) {
        int before = chatter.acks();
        SdkDevice.until(() -> chatter.acks() > before + 30);
        assertThat(chatter.inFlight()).isPositive();
        node.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
                + " where datname = current_database() and pid <> pg_backend_pid()");
      }
      int afterTheLast = chatter.acks();
      SdkDevice.until(() -> chatter.acks() > afterTheLast + 30);
      chatter.stop();
      assertThat(node.count("select count(*) from messages where seq > 0"))
          .isEqualTo(chatter.tail());
      chatter.verdict(chatter.tail());
    }
  }

  @Test
  void aStoreThatStopsAndStartsIsWaitedFor(@TempDir Path folder) {
    Path engines = Path.of("target", "test-engine");
    EmbeddedPostgres postgres = EmbeddedPostgres.start(folder, engines);
    try (TestNode node = TestNode.start(postgres.uri(), Map.of())) {
      Chatter chatter = Chatter.start(people(node), devices, WITHOUT_END);
      SdkDevice.until(() -> chatter.acks() > 50);
      String uri = postgres.uri();
      postgres.close();
      int acksBefore = chatter.acks();
      assertThat(chatter.inFlight()).isPositive();
      postgres = EmbeddedPostgres.start(folder, engines);
      assertThat(postgres.uri()).isEqualTo(uri);
      long backNs = System.nanoTime();
      SdkDevice.until(() -> chatter.acks() > acksBefore + 50);
      assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - backNs))
          .as("ms until it went on")
          .isLessThan(5_000);
      chatter.stop();
      assertThat(node.count("select count(*) from messages where seq > 0"))
          .isEqualTo(chatter.tail());
      chatter.verdict(chatter.tail());
      devices.forEach(SdkDevice::close);
      devices.clear();
    } finally {
      postgres.close();
    }
  }

  @Test
  void aRowThatTheStoreRefusesHurtsNoOther() {
    try (TestNode node = TestNode.start(Map.of())) {
      node.execute(
          "alter table messages add constraint no_poison check (body is distinct from 'poison')");
      ConversationId talk = ConversationId.direct(new UserId("ann"), new UserId("ben"));
      ConversationId other = ConversationId.direct(new UserId("ann"), new UserId("cem"));
      try (Bystanders bystanders = Bystanders.of(node);
          RawClient sender = RawClient.live(node, Dress.TCP, "ann", "phone");
          RawClient receiver = RawClient.live(node, Dress.WEBSOCKET_JSON, "ben", "browser")) {
        sender.acked(talk, "before");
        List<Integer> good = new ArrayList<>();
        UUID poisonId = UUID.randomUUID();
        int poison = 0;
        for (int i = 0; i < 20; i++) {
          if (i == 7) {
            poison = sender.send(poisonId, talk, Content.Text.of("poison"), false);
          }
          good.add(sender.send(UUID.randomUUID(), talk, "good " + i));
          good.add(sender.send(UUID.randomUUID(), other, "elsewhere " + i));
        }
        Frame.SendRejected refused = sender.rejectionOf(poison);
        assertThat(refused.code()).isEqualTo(ErrorCode.STORE_REFUSED);
        assertThat(refused.outcome()).isEqualTo(Outcome.NOT_APPLIED);
        List<Long> seqs = new ArrayList<>();
        for (int i = 0; i < good.size(); i++) {
          long seq = sender.ackOf(good.get(i)).seq();
          if (i % 2 == 0) {
            seqs.add(seq);
          } else {
            assertThat(seq).isEqualTo(i / 2 + 1L);
          }
        }
        assertThat(seqs).isSorted().startsWith(2L).endsWith(21L).hasSize(20);
        assertThat(new Transcript(receiver, talk).until(21).ids()).doesNotContain(poisonId);
        sender.send(new Frame.SendStatus(1, talk, poisonId, false));
        assertThat(sender.await(Frame.SendStatusResult.class).state()).isEqualTo(SendState.VOID);
        long before = bystanders.exchanged();
        SdkDevice.until(() -> bystanders.exchanged() > before + 1);
      }
    }
  }
}
