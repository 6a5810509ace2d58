package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.ClientEvent;
import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A node goes down in order, in the middle of sends: what it has accepted it answers. */
final class GracefulStopTest {
  private static final int DRAIN_MS = 20_000;

  /** A quarter of the time to drain is for clients to leave by themselves. */
  private static final int MOST_RETRY_AFTER_MS = DRAIN_MS / 4;

  private static final int PATIENCE_S = 60;
  private static final int WITHOUT_END = 1_000_000;

  private final Vertx vertx = Vertx.vertx();
  private final List<RawClient> clients = new ArrayList<>();
  private final List<SdkDevice> devices = new ArrayList<>();
  private final List<MisbehavingProxy> proxies = new ArrayList<>();

  @AfterEach
  void close() {
    clients.forEach(RawClient::close);
    devices.forEach(SdkDevice::close);
    proxies.forEach(MisbehavingProxy::close);
    SdkDevice.await(vertx.close());
  }

  @Test
  void everythingThatWasAcceptedIsAnsweredBeforeTheConnectionsEnd() throws Exception {
    int each = 30;
    TestNode node = TestNode.start(Map.of("QUIPU_NODE_DRAIN_MS", Integer.toString(DRAIN_MS)));
    List<ConversationId> talks = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      String user = TestNode.fresh("user");
      clients.add(RawClient.live(node, List.of(Dress.values()).get(i % 3), user, "phone"));
      talks.add(ConversationId.direct(new UserId(user), new UserId("peer")));
    }
    CompletableFuture<Void> stopped;
    try (Connection other = TestPostgres.connect(node.databaseUri());
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("lock table messages in exclusive mode");
      for (int send = 1; send <= each; send++) {
        for (int i = 0; i < clients.size(); i++) {
          assertThat(clients.get(i).send(UUID.randomUUID(), talks.get(i), "accepted"))
              .isEqualTo(send);
        }
      }
      clients.forEach(RawClient::fence);

      stopped = CompletableFuture.runAsync(node::close);

      List<Integer> pauses = new ArrayList<>();
      for (RawClient client : clients) {
        Frame.GoAway away = client.await(Frame.GoAway.class);
        assertThat(away.code()).isEqualTo(ErrorCode.DRAINING.code());
        assertThat(away.advice()).isEqualTo(ErrorCode.DRAINING.advice());
        pauses.add(away.retryAfterMs());
        assertThat(client.taken(Frame.SendAck.class)).isEmpty();
      }
      assertThat(pauses).allSatisfy(ms -> assertThat(ms).isBetween(1, MOST_RETRY_AFTER_MS));
      assertThat(pauses.stream().distinct().count())
          .as("clients do not come back together: %s", pauses)
          .isGreaterThan(3);
      assertThat(pauses).contains(MOST_RETRY_AFTER_MS);
      turnsAwayWhoComes(node);
      other.commit();
    }
    for (RawClient client : clients) {
      for (int send = 1; send <= each; send++) {
        assertThat(client.ackOf(send).seq()).isEqualTo(send);
      }
      assertThat(client.end().goAway()).isEqualTo(ErrorCode.DRAINING.code());
    }
    stopped.get(PATIENCE_S, TimeUnit.SECONDS);
    assertThat(node.count("select count(*) from messages")).isEqualTo((long) each * clients.size());
  }

  private void turnsAwayWhoComes(TestNode node) throws SQLException {
    for (Dress dress : Dress.values()) {
      try (RawClient late = RawClient.open(node, dress)) {
        Frame.GoAway away = late.await(Frame.GoAway.class);
        assertThat(away.code()).isEqualTo(ErrorCode.DRAINING.code());
        assertThat(away.retryAfterMs()).isPositive();
        late.end();
      }
    }
  }

  @Test
  void clientsGoOnAtAnotherNodeAndNothingIsRefusedOrLost() {
    String database = TestPostgres.freshDatabase();
    Map<String, String> settings = Map.of("QUIPU_NODE_DRAIN_MS", "2000");
    TestNode here = TestNode.start(database, settings);
    try (TestNode there = TestNode.start(database, settings)) {
      List<String> members = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        String scheme = List.of("tcp", "ws", "ws+json").get(i % 3);
        MisbehavingProxy balancer = MisbehavingProxy.before(vertx, here, scheme, 0);
        proxies.add(balancer);
        members.add(TestNode.fresh("user"));
        devices.add(balancer.device(here, members.get(i), scheme).start());
      }
      ConversationId group = devices.get(0).createGroup(members.subList(1, members.size()));
      Chatter chatter = Chatter.start(group, devices, WITHOUT_END);
      SdkDevice.until(() -> chatter.acks() > 200);
      proxies.forEach(balancer -> balancer.leadTo(there));
      SdkDevice.until(() -> chatter.inFlight() >= 100);

      here.close();

      int acksThen = chatter.acks();
      SdkDevice.until(() -> chatter.acks() > acksThen + 200);
      chatter.stop();
      chatter.verdict(chatter.tail());
      assertThat(there.count("select count(*) from messages where seq > 0"))
          .isEqualTo(chatter.tail());
      for (int i = 0; i < devices.size(); i++) {
        assertThat(proxies.get(i).passed(Frame.SendRejected.class)).isEmpty();
        assertThat(proxies.get(i).passed(Frame.GoAway.class))
            .extracting(Frame.GoAway::code)
            .containsExactly(ErrorCode.DRAINING.code());
        assertThat(devices.get(i).events(ClientEvent.Connected.class)).hasSize(2);
        assertThat(everySendWasAnswered(proxies.get(i))).isTrue();
      }
    }
  }

  /** The proxy has seen an answer to everything that it handed to a node, on either connection. */
  private static boolean everySendWasAnswered(MisbehavingProxy proxy) {
    List<UUID> answered =
        proxy.passed(Frame.SendAck.class).stream().map(Frame.SendAck::clientMessageId).toList();
    return proxy.passed(Frame.Send.class).stream()
        .map(Frame.Send::clientMessageId)
        .allMatch(answered::contains);
  }
}
