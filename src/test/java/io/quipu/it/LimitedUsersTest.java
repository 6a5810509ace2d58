package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.Stored;
import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A node with small limits, and clients that meet them. */
final class LimitedUsersTest {
  private static ConversationId direct(String one, String other) {
    return ConversationId.direct(new UserId(one), new UserId(other));
  }

  /** Sends that came too soon, as the node counts them. */
  private static double refused(TestNode node) {
    URI metrics = URI.create("http://127.0.0.1:" + node.adminPort() + "/metrics");
    String name = "quipu_limits_reached_total{limit=\"sendsPerUser\"} ";
    try {
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
          .body()
          .lines()
          .filter(line -> line.startsWith(name))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
          .sum();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aSenderWhoIsTooFastKeepsHisOrderAndLosesNothing() {
    Vertx vertx = Vertx.vertx();
    try (TestNode node = TestNode.start(Map.of("QUIPU_LIMITS_SENDS_PER_USER_PER_SECOND", "5"))) {
      String alice = TestNode.fresh("alice");
      String bob = TestNode.fresh("bob");
      SdkDevice sender = node.device(vertx, alice, "tcp").start();
      SdkDevice receiver = node.device(vertx, bob, "tcp").start();
      ConversationId conversation = direct(alice, bob);
      List<UUID> ids = new ArrayList<>();
      List<Future<Stored>> sends = new ArrayList<>();
      for (int i = 0; i < 60; i++) { // ten more than a burst
        UUID id = sender.client().newId();
        ids.add(id);
        sends.add(sender.send(id, conversation, "text " + i));
      }
      SdkDevice.await(Future.all(sends));
      SdkDevice.until(() -> receiver.log(conversation).size() == ids.size());
      assertThat(receiver.log(conversation))
          .extracting(SdkDevice.Entry::id)
          .containsExactlyElementsOf(ids);
      assertThat(refused(node)).isPositive();
      sender.close();
      receiver.close();
    } finally {
      SdkDevice.await(vertx.close());
    }
  }

  @Test
  void aSendThatComesTooSoonIsToldWhenToComeAgain() {
    try (TestNode node = TestNode.start(Map.of("QUIPU_LIMITS_SENDS_PER_USER_PER_SECOND", "1"));
        RawClient alice = RawClient.connect(node, Dress.TCP, TestNode.fresh("alice"), "phone")) {
      ConversationId conversation = direct(alice.connected().user().value(), TestNode.fresh("bob"));
      List<Integer> sent = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        sent.add(alice.send(UUID.randomUUID(), conversation, "text"));
      }
      Frame.SendRejected no = alice.rejectionOf(sent.get(10));
      assertThat(no.code()).isEqualTo(ErrorCode.RATE_LIMITED);
      assertThat(no.outcome()).isEqualTo(Outcome.UNKNOWN);
      assertThat(no.retryAfterMs()).isBetween(1, 1_000);
      assertThat(alice.rejectionOf(sent.get(11)).code())
          .isEqualTo(ErrorCode.EARLIER_SEND_UNRESOLVED);
    }
  }

  @Test
  void aUserWhoBeginsTooManySessionsIsTurnedAwayAndOthersAreNot() {
    try (TestNode node = TestNode.start(Map.of("QUIPU_LIMITS_LOGINS_PER_USER_PER_MINUTE", "3"))) {
      String alice = TestNode.fresh("alice");
      for (int i = 0; i < 3; i++) {
        RawClient.connect(node, Dress.TCP, alice, "device" + i).close();
      }
      try (RawClient fourth = RawClient.open(node, Dress.TCP)) {
        fourth.send(RawClient.connectFrame(node.token(alice), "device3"));
        Frame.GoAway told = fourth.await(Frame.GoAway.class);
        assertThat(told.code()).isEqualTo(ErrorCode.RATE_LIMITED.code());
        assertThat(told.retryAfterMs()).isBetween(1, 20_000);
      }
      RawClient.connect(node, Dress.TCP, TestNode.fresh("bob"), "phone").close();
    }
  }

  @Test
  void anAddressWithTooManyLoginsIsTurnedAwayBeforeItsTokensAreLookedAt() {
    try (TestNode node =
        TestNode.start(Map.of("QUIPU_LIMITS_LOGINS_PER_ADDRESS_PER_MINUTE", "2"))) {
      for (int i = 0; i < 2; i++) {
        try (RawClient bad = RawClient.open(node, Dress.TCP)) {
          bad.send(RawClient.connectFrame("no token", "phone"));
          assertThat(bad.await(Frame.GoAway.class).code())
              .isEqualTo(ErrorCode.TOKEN_INVALID.code());
        }
      }
      for (Dress dress : Dress.values()) {
        try (RawClient good = RawClient.open(node, dress)) {
          good.send(RawClient.connectFrame(node.token(TestNode.fresh("alice")), "phone"));
          assertThat(good.await(Frame.GoAway.class).code())
              .isEqualTo(ErrorCode.RATE_LIMITED.code());
        }
      }
    }
  }

  @Test
  void overHttpTheSameLimitsHold() {
    try (TestNode node =
        TestNode.start(
            Map.of(
                "QUIPU_LIMITS_SENDS_PER_USER_PER_SECOND", "1",
                "QUIPU_LIMITS_GROUPS_PER_USER_PER_HOUR", "1"))) {
      String alice = TestNode.fresh("alice");
      HttpCaller caller = HttpCaller.user(node, alice);
      String create = "POST /conversations {\"title\":\"t\",\"members\":[]}";
      assertThat(caller.ask(create).status()).isEqualTo(201);
      assertThat(caller.ask(create).status()).isEqualTo(429);
      String send = "POST /direct/" + TestNode.fresh("bob") + "/messages {\"text\":\"hi\"}";
      int stored = 0;
      HttpCaller.Reply last;
      do {
        last = caller.ask(send);
        stored++;
      } while (last.status() == 201 && stored < 200);
      assertThat(last.status()).isEqualTo(429);
      assertThat(last.json().getInteger("code")).isEqualTo(ErrorCode.RATE_LIMITED.code());
      assertThat(last.json().getString("outcome")).isEqualTo("NOT_APPLIED");
      assertThat(HttpCaller.user(node, TestNode.fresh("carol")).ask(send).status()).isEqualTo(201);
    }
  }
}
