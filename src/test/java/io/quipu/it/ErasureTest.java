package io.quipu.it;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.adapter.postgres.Postgres;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A user who wrote on a real node is erased: nothing of him is left in any table. */
final class ErasureTest {
  private static final UserId ALICE = new UserId("alice");
  private static final UserId MALLORY = new UserId("mallory-who-goes");
  private static final ConversationId DIRECT = ConversationId.direct(ALICE, MALLORY);

  private final Vertx vertx = Vertx.vertx();
  private final TestNode node = TestNode.start(Map.of("QUIPU_SESSION_REVOCATION_POLL_MS", "100"));
  private final List<RawClient> clients = new ArrayList<>();
  private Postgres postgres;

  @BeforeEach
  void open() {
    postgres = await(Postgres.open(vertx, node.databaseUri(), TestPostgres.limits()));
  }

  @AfterEach
  void close() {
    clients.forEach(RawClient::close);
    node.close();
    await(postgres.close());
    await(vertx.close());
  }

  private RawClient live(UserId user, String device) {
    RawClient client = RawClient.live(node, Dress.TCP, user.value(), device);
    clients.add(client);
    return client;
  }

  /** Every row of every table, as text; bytes are hexadecimal. */
  private String dump() {
    StringBuilder all = new StringBuilder();
    try (Connection connection = TestPostgres.connect(node.databaseUri());
        Statement tables = connection.createStatement();
        ResultSet names =
            tables.executeQuery(
                "select tablename from pg_tables where schemaname = 'public' order by 1")) {
      while (names.next()) {
        try (Statement statement = connection.createStatement();
            ResultSet rows =
                statement.executeQuery("select t::text from " + names.getString(1) + " t")) {
          while (rows.next()) {
            all.append(names.getString(1)).append(rows.getString(1)).append('\n');
          }
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return all.toString();
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  private ConversationId alicesGroup(RawClient alice) {
    ConversationId tea = alice.createGroup("Tea", MALLORY.value()).conversation();
    for (Change change :
        List.of(
            new Change.Remove(List.of(MALLORY)),
            new Change.Add(List.of(MALLORY, new UserId("carol"))))) {
      alice.ackOf(alice.send(UUID.randomUUID(), tea, new Content.Changed(change), false));
    }
    return tea;
  }

  @Test
  void nothingOfAnErasedUserIsLeftInAnyTable() {
    RawClient alice = live(ALICE, "phone");
    RawClient mallory = live(MALLORY, "mallorys-phone");
    ConversationId tea = alicesGroup(alice);
    mallory.acked(tea, "a secret word");
    UUID id = UUID.randomUUID();
    mallory.ackOf(mallory.send(id, DIRECT, "another secret word"));
    alice.acked(DIRECT, "not his word");
    mallory.send(new Frame.Mute(tea, 4_000_000_000_000L));
    mallory.send(new Frame.ReadMark(tea, 1));
    mallory.fence();
    live(MALLORY, "mallorys-tablet");
    await(node.people().revokeDevice(MALLORY, new DeviceId("mallorys-tablet")));
    assertThat(dump()).contains("mallory-who-goes", hex("secret word"), "mallorys-tablet");

    assertThat(await(node.people().erase(MALLORY))).isTrue();

    assertThat(dump())
        .doesNotContain("mallory")
        .doesNotContain(hex("mallory"))
        .doesNotContain(hex("secret word"))
        .contains(hex("not his word"));
    // The log goes on without a hole; who reads it sees a pseudonym.
    alice.send(new Frame.History(1, tea, 0, 0, 0));
    Frame.HistoryPage page = alice.await(Frame.HistoryPage.class);
    assertThat(page.range().messages()).hasSize(5);
    assertThat(page.range().messages().get(3).content()).isEqualTo(new Content.Erased());
    UserId pseudonym = page.range().messages().get(3).sender();
    assertThat(pseudonym.isErased()).isTrue();
    assertThat(page.range().messages().get(0).content())
        .isEqualTo(new Content.Changed(new Change.Create("Tea", List.of(pseudonym))));
    assertThat(page.range().messages().get(2).content())
        .isEqualTo(new Content.Changed(new Change.Add(List.of(pseudonym, new UserId("carol")))));
    assertThat(page.range().messages().get(4).content())
        .isEqualTo(new Content.Changed(new Change.EraseUser()));
    // A copy of a send that travels still is the same send (P3).
    assertThat(
            node.count(
                "select count(*) from messages where client_message_id = '"
                    + id
                    + "' and digest is not null and body is null"))
        .isEqualTo(1);
  }

  @Test
  void theNameIsRefusedForEver() {
    RawClient mallory = live(MALLORY, "phone");
    RawClient alice = live(ALICE, "phone");
    mallory.acked(DIRECT, "hello");
    assertThat(await(node.people().erase(MALLORY))).isTrue();

    assertThat(mallory.end().goAway()).isEqualTo(ErrorCode.USER_ERASED.code());
    for (String name : List.of(MALLORY.value(), "erased.1", "erased.zzz")) {
      RawClient again = RawClient.open(node, Dress.WEBSOCKET_BINARY);
      clients.add(again);
      again.send(RawClient.connectFrame(node.token(name), "phone"));
      assertThat(again.end())
          .isEqualTo(
              new RawClient.End(ErrorCode.USER_ERASED.code(), ErrorCode.USER_ERASED.closeCode()));
    }
    assertThat(awaitFailure(postgres.directory().userKey(MALLORY)).code())
        .isEqualTo(ErrorCode.USER_ERASED);
    assertThat(awaitFailure(node.people().checkToken(MALLORY, 4_000_000_000_000L)).code())
        .isEqualTo(ErrorCode.USER_ERASED);
    assertThat(awaitFailure(postgres.revocations().check(MALLORY, 4_000_000_000_000L)).code())
        .isEqualTo(ErrorCode.USER_ERASED);
    assertThat(await(node.people().erase(MALLORY))).isTrue();
    assertThat(await(node.people().erase(new UserId("nobody-of-that-name")))).isFalse();
    assertThat(awaitFailure(node.people().erase(UserId.SYSTEM)).code())
        .isEqualTo(ErrorCode.NOT_ALLOWED);
    alice.fence();
    assertThat(alice.hasEnded()).isFalse();
  }

  @Test
  void nobodyWritesToAnErasedNameAgain() {
    RawClient alice = live(ALICE, "phone");
    live(MALLORY, "phone").acked(DIRECT, "hello");
    assertThat(await(node.people().erase(MALLORY))).isTrue();

    Frame.SendRejected nobody =
        alice.rejectionOf(alice.send(UUID.randomUUID(), DIRECT, "are you there?"));
    assertThat(nobody.code()).isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    ConversationId tea = alice.createGroup("Tea").conversation();
    alice.rejectionOf(
        alice.send(
            UUID.randomUUID(), tea, new Content.Changed(new Change.Add(List.of(MALLORY))), false));
    alice.acked(tea, "goes on");
    assertThat(dump()).doesNotContain("mallory");
  }

  @Test
  void anErasureThatBrokeOffGoesOnWhereverItStopped() {
    RawClient alice = live(ALICE, "phone");
    RawClient mallory = live(MALLORY, "phone");
    ConversationId tea = alicesGroup(alice);
    mallory.acked(tea, "a secret word");
    mallory.acked(DIRECT, "another secret word");
    // A node began, and died in the middle.
    var half = await(postgres.erasures().begin(MALLORY)).orElseThrow();
    var places = await(postgres.erasures().places(half, 0, 10));
    assertThat(places).hasSize(2);
    await(postgres.erasures().eraseStretch(half, places.get(0).key(), 1, 3));

    assertThat(await(node.people().erase(MALLORY))).isTrue();
    assertThat(dump()).doesNotContain("mallory").doesNotContain(hex("secret word"));
    assertThat(mallory.end().goAway()).isEqualTo(ErrorCode.USER_ERASED.code());
    assertThat(await(postgres.erasures().unfinished(10))).isEmpty();
    assertThat(node.count("select count(*) from revocations")).isEqualTo(1);
  }

  @Test
  void nobodyElsesWordsAreTouched() {
    RawClient alice = live(ALICE, "phone");
    ConversationId tea = alicesGroup(alice);
    alice.acked(tea, "alice says mallory-who-goes");
    String before =
        dump().lines().filter(line -> line.contains(hex("alice says"))).toList().toString();
    assertThat(await(node.people().erase(MALLORY))).isTrue();
    assertThat(dump()).contains(before.substring(1, before.length() - 1));
    assertThat(await(node.people().presence(Optional.of(ALICE), MALLORY)))
        .isEqualTo(new Frame.Presence(MALLORY, false, 0));
  }
}
