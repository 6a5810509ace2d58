package io.quipu.it;

import static io.quipu.model.ErrorCode.ALREADY_CONNECTED;
import static io.quipu.model.ErrorCode.BODY_TOO_LARGE;
import static io.quipu.model.ErrorCode.CLIENT_SEQ_JUMP;
import static io.quipu.model.ErrorCode.CONVERSATION_UNKNOWN;
import static io.quipu.model.ErrorCode.FRAME_TOO_LARGE;
import static io.quipu.model.ErrorCode.HANDSHAKE_TIMEOUT;
import static io.quipu.model.ErrorCode.IDLE_TIMEOUT;
import static io.quipu.model.ErrorCode.INVALID_CONTENT;
import static io.quipu.model.ErrorCode.INVALID_ID;
import static io.quipu.model.ErrorCode.INVALID_REQUEST;
import static io.quipu.model.ErrorCode.MALFORMED_FRAME;
import static io.quipu.model.ErrorCode.NOT_ALLOWED;
import static io.quipu.model.ErrorCode.NOT_A_MEMBER;
import static io.quipu.model.ErrorCode.NOT_CONNECTED;
import static io.quipu.model.ErrorCode.NOT_SUPPORTED;
import static io.quipu.model.ErrorCode.TOKEN_EXPIRED;
import static io.quipu.model.ErrorCode.TOKEN_INVALID;
import static io.quipu.model.ErrorCode.TOKEN_OTHER_USER;
import static io.quipu.model.ErrorCode.UNEXPECTED_FRAME;
import static io.quipu.model.ErrorCode.UNSUPPORTED_VERSION;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.quipu.it.RawClient.Dress;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.wire.Connect;
import io.quipu.protocol.wire.Ping;
import io.quipu.protocol.wire.Pong;
import io.quipu.protocol.wire.Send;
import io.quipu.protocol.wire.Tail;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a node answers to what it should not have got, and what becomes of the connection. All the
 * time two others talk on the same node and lose nothing.
 */
final class BadInputTest {
  private static final int FRAME_BYTES_BEFORE = 4_096;
  private static final int FRAME_BYTES = 65_536;
  private static final int BODY_BYTES = 32_768;

  private static TestNode node;
  private static Bystanders bystanders;

  private final List<RawClient> clients = new ArrayList<>();
  private String alice;
  private ConversationId withBob;
  private long exchangedBefore;

  @BeforeAll
  static void start() {
    node =
        TestNode.start(
            Map.of(
                "QUIPU_CONNECTION_HANDSHAKE_MS", "3000",
                "QUIPU_CONNECTION_FRAME_MS", "1500",
                "QUIPU_CONNECTION_HEARTBEAT_MS", "2000",
                "QUIPU_AUTH_DEVELOPMENT", "true",
                "QUIPU_AUTH_LEEWAY_SECONDS", "0"));
    bystanders = Bystanders.of(node);
  }

  @AfterAll
  static void stop() {
    try {
      bystanders.close();
    } finally {
      node.close();
    }
  }

  @BeforeEach
  void people() {
    alice = TestNode.fresh("alice");
    withBob = ConversationId.direct(new UserId(alice), new UserId("bob"));
    exchangedBefore = bystanders.exchanged();
  }

  @AfterEach
  void theOthersTalkOn() {
    clients.forEach(RawClient::close);
    Awaitility.await().until(() -> bystanders.exchanged() > exchangedBefore + 1);
  }

  private RawClient open(Dress dress) {
    RawClient client = RawClient.open(node, dress);
    clients.add(client);
    return client;
  }

  private RawClient connected(Dress dress) {
    RawClient client = open(dress);
    client.connect(node.token(alice), TestNode.fresh("device"));
    return client;
  }

  /** The connection ends with a GoAway of this code and, over WebSocket, the close code. */
  private static void assertEnds(String what, Dress dress, RawClient client, ErrorCode code) {
    assertThat(client.end())
        .as(what + " over " + dress)
        .isEqualTo(new RawClient.End(code.code(), dress == Dress.TCP ? 0 : code.closeCode()));
  }

  private static byte[] bytes(Dress dress, io.quipu.protocol.wire.Frame frame) {
    try {
      return dress == Dress.WEBSOCKET_JSON
          ? JsonFormat.printer().omittingInsignificantWhitespace().print(frame).getBytes(UTF_8)
          : frame.toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static io.quipu.protocol.wire.Frame.Builder frame() {
    return io.quipu.protocol.wire.Frame.newBuilder();
  }

  // ---- the stream

  @Test
  void aLengthThatCannotBeEndsTheConnectionBeforeAByteOfTheFrame() {
    Map<String, ErrorCode> lengths = new LinkedHashMap<>();
    lengths.put("00", MALFORMED_FRAME);
    lengths.put("818080808000", MALFORMED_FRAME); // six bytes for a 1
    lengths.put("ffffffffffffffffff01", MALFORMED_FRAME); // -1 as 64 bits
    lengths.put("ffffffff0f", FRAME_TOO_LARGE); // -1 as 32 bits
    lengths.put("ffffffff07", FRAME_TOO_LARGE); // 2^31 - 1
    lengths.forEach(
        (length, code) -> {
          for (RawClient client : List.of(open(Dress.TCP), connected(Dress.TCP))) {
            client.raw(HexFormat.of().parseHex(length));
            assertEnds("length " + length, Dress.TCP, client, code);
          }
        });
    RawClient before = open(Dress.TCP);
    before.raw(HexFormat.of().parseHex("8120")); // 4097
    assertEnds("4097 before Connected", Dress.TCP, before, FRAME_TOO_LARGE);
    RawClient after = connected(Dress.TCP);
    after.raw(HexFormat.of().parseHex("818004")); // 65537
    assertEnds("65537 after Connected", Dress.TCP, after, FRAME_TOO_LARGE);
  }

  @ParameterizedTest
  @EnumSource
  void aFrameAboveTheLimitEndsTheConnection(Dress dress) {
    RawClient before = open(dress);
    before.message(padded(dress, FRAME_BYTES_BEFORE + 1));
    assertEnds("4097 bytes before Connected", dress, before, FRAME_TOO_LARGE);

    RawClient after = connected(dress);
    after.message(padded(dress, FRAME_BYTES_BEFORE + 1));
    after.fence(); // the larger limit holds from Connected on
    after.message(padded(dress, FRAME_BYTES));
    after.fence();
    after.message(padded(dress, FRAME_BYTES + 1));
    assertEnds("65537 bytes", dress, after, FRAME_TOO_LARGE);
  }

  /** A Ping of exactly so many bytes. */
  private static byte[] padded(Dress dress, int size) {
    byte[] ping = bytes(dress, frame().setPing(Ping.newBuilder().setNonce(7)).build());
    byte[] padded = new byte[size];
    if (dress == Dress.WEBSOCKET_JSON) {
      Arrays.fill(padded, (byte) ' ');
      System.arraycopy(ping, 0, padded, 0, ping.length);
      return padded;
    }
    // An unknown field 1000 with as many bytes as are missing; its length takes two or three.
    int header = 2 + (size - ping.length - 5 < 16_384 ? 2 : 3);
    byte[] unknown = new byte[size - ping.length - header];
    byte[] all =
        frame()
            .setPing(Ping.newBuilder().setNonce(7))
            .setUnknownFields(
                com.google.protobuf.UnknownFieldSet.newBuilder()
                    .addField(
                        1000,
                        com.google.protobuf.UnknownFieldSet.Field.newBuilder()
                            .addLengthDelimited(ByteString.copyFrom(unknown))
                            .build())
                    .build())
            .build()
            .toByteArray();
    assertThat(all).hasSize(size);
    return all;
  }

  @Test
  void halfAFrameAndThenSilenceHasADeadline() {
    Map<Dress, RawClient> before = new LinkedHashMap<>();
    Map<Dress, RawClient> after = new LinkedHashMap<>();
    for (Dress dress : Dress.values()) {
      before.put(dress, open(dress));
      after.put(dress, connected(dress));
    }
    byte[] tcp = HexFormat.of().parseHex("640a");
    byte[] half = RawSocket.webSocketHeader(true, RawSocket.BINARY_MESSAGE, 100);
    byte[] halfText = RawSocket.webSocketHeader(false, RawSocket.TEXT_MESSAGE, 0);
    for (Map<Dress, RawClient> some : List.of(before, after)) {
      some.get(Dress.TCP).raw(tcp);
      some.get(Dress.WEBSOCKET_BINARY).raw(half);
      some.get(Dress.WEBSOCKET_JSON).raw(halfText);
    }
    before.forEach((dress, client) -> assertEnds("half", dress, client, HANDSHAKE_TIMEOUT));
    after.forEach((dress, client) -> assertEnds("half", dress, client, IDLE_TIMEOUT));
  }

  @Test
  void silenceAndPingsAreNoConnect() {
    Map<Dress, RawClient> silent = new LinkedHashMap<>();
    for (Dress dress : Dress.values()) {
      silent.put(dress, open(dress));
      RawClient pinging = open(dress);
      pinging.send(new Frame.Ping(1));
      assertEnds("a Ping first", dress, pinging, NOT_CONNECTED);
    }
    silent.forEach((dress, client) -> assertEnds("silence", dress, client, HANDSHAKE_TIMEOUT));
  }

  @ParameterizedTest
  @EnumSource
  void garbageEndsTheConnection(Dress dress) {
    for (String garbage : List.of("0e", "b2", "b2017f", "0000", "ffffffffff", "7b7d7b7d", "5b5d")) {
      for (RawClient client : List.of(open(dress), connected(dress))) {
        client.message(HexFormat.of().parseHex(garbage));
        if (dress == Dress.WEBSOCKET_JSON && garbage.equals("ffffffffff")) {
          client.end(); // the WebSocket layer may see first that it is no UTF-8
        } else {
          assertEnds(garbage, dress, client, MALFORMED_FRAME);
        }
      }
    }
  }

  @Test
  void badJsonEndsTheConnection() {
    String deep = "{\"ping\":" + "[".repeat(2_000) + "]".repeat(2_000) + "}";
    String deepUnknown = "{\"ping\":{},\"x\":" + "{\"a\":".repeat(500) + "1" + "}".repeat(501);
    List<String> bad =
        List.of(
            "",
            "hello",
            "{",
            "{\"ping\":}",
            "{\"ping\":{}} {}",
            "[]",
            "null",
            "\"ping\"",
            "{\"ping\":{},\"pong\":{}}",
            "{\"ping\":{},\"ping\":{}}",
            "{\"ping\":{\"nonce\":\"-1\"}}",
            "{\"ping\":{\"nonce\":1e400}}",
            "{'ping':{}}",
            "{\"ping\":{\"nonce\":\"\\ud800\"}}",
            deep,
            deepUnknown);
    for (String json : bad) {
      RawClient client = connected(Dress.WEBSOCKET_JSON);
      client.message(json.getBytes(UTF_8));
      assertEnds(
          json.length() > 60 ? json.substring(0, 60) : json,
          Dress.WEBSOCKET_JSON,
          client,
          MALFORMED_FRAME);
    }
  }

  // ---- WebSocket

  @Test
  void theUpgradeIsRefusedWithItsStatus() {
    String json = "Sec-WebSocket-Protocol: quipu.v1.json";
    String path = RawSocket.PATH;
    assertRefused(400, path, List.of("Sec-WebSocket-Protocol: chat"));
    assertRefused(404, "/v1/other", List.of(json));
    assertRefused(404, "/", List.of(json));
    assertRefused(404, "/v1/connect/../connect", List.of(json));
    assertRefused(403, path, List.of(json, "Origin: https://evil.example"));
    assertRefused(403, path, List.of(json, "Origin: null"));
    assertRefused(403, path, List.of(json, "Origin: http://127.0.0.1:1"));
  }

  private static void assertRefused(int status, String path, List<String> headers) {
    assertThatThrownBy(
            () -> RawSocket.webSocket(node.httpPort(), RawSocket.Kind.TEXT, path, headers))
        .as(path + " " + headers)
        .isInstanceOfSatisfying(
            RawSocket.UpgradeRefused.class,
            refused -> assertThat(refused.status()).isEqualTo(status));
  }

  @Test
  void aPageOfThisHostMayConnect() throws IOException {
    String own = "Origin: http://127.0.0.1:" + node.httpPort();
    RawSocket.webSocket(node.httpPort(), RawSocket.Kind.TEXT, RawSocket.PATH, List.of(own)).close();
  }

  @Test
  void aMessageOfTheOtherKindEndsTheConnection() {
    byte[] ping = bytes(Dress.WEBSOCKET_JSON, frame().setPing(Ping.newBuilder()).build());
    RawClient binary = connected(Dress.WEBSOCKET_BINARY);
    binary.raw(RawSocket.webSocketFrame(true, RawSocket.TEXT_MESSAGE, ping));
    assertEnds("text", Dress.WEBSOCKET_BINARY, binary, MALFORMED_FRAME);
    RawClient text = connected(Dress.WEBSOCKET_JSON);
    text.raw(RawSocket.webSocketFrame(true, RawSocket.BINARY_MESSAGE, ping));
    assertEnds("binary", Dress.WEBSOCKET_JSON, text, MALFORMED_FRAME);
  }

  @ParameterizedTest
  @EnumSource(names = {"WEBSOCKET_BINARY", "WEBSOCKET_JSON"})
  void fragmentsAreOneFrameAndTogetherWithinTheLimit(Dress dress) {
    int opcode = dress == Dress.WEBSOCKET_JSON ? RawSocket.TEXT_MESSAGE : RawSocket.BINARY_MESSAGE;
    RawClient client = connected(dress);
    byte[] ping = client.encoded(new Frame.Ping(99));
    client.raw(RawSocket.webSocketFrame(false, opcode, Arrays.copyOf(ping, 1)));
    client.raw(RawSocket.webSocketFrame(true, 0, Arrays.copyOfRange(ping, 1, ping.length)));
    assertThat(client.await(Frame.Pong.class).nonce()).isEqualTo(99);

    byte[] big = padded(dress, FRAME_BYTES);
    client.raw(RawSocket.webSocketFrame(false, opcode, big));
    client.raw(RawSocket.webSocketFrame(false, 0, big));
    client.raw(RawSocket.webSocketFrame(true, 0, big));
    assertEnds("three times the limit", dress, client, FRAME_TOO_LARGE);
  }

  @ParameterizedTest
  @EnumSource(names = {"WEBSOCKET_BINARY", "WEBSOCKET_JSON"})
  void aWebSocketLengthThatCannotBeEndsTheConnection(Dress dress) {
    int opcode = dress == Dress.WEBSOCKET_JSON ? RawSocket.TEXT_MESSAGE : RawSocket.BINARY_MESSAGE;
    for (long length : new long[] {FRAME_BYTES + 1, Integer.MAX_VALUE, Long.MAX_VALUE}) {
      for (RawClient client : List.of(open(dress), connected(dress))) {
        client.raw(RawSocket.webSocketHeader(true, opcode, length));
        client.raw(new byte[100]);
        assertEnds("length " + length, dress, client, FRAME_TOO_LARGE);
      }
    }
  }

  // ---- who is there

  @ParameterizedTest
  @EnumSource
  void anUnfitTokenIsRefused(Dress dress) {
    String good = node.token(alice);
    String[] parts = good.split("\\.", 3);
    Map<String, ErrorCode> tokens = new LinkedHashMap<>();
    tokens.put("", TOKEN_INVALID);
    tokens.put("not a token", TOKEN_INVALID);
    tokens.put("a.b.c", TOKEN_INVALID);
    tokens.put(parts[0] + "." + parts[1] + ".", TOKEN_INVALID);
    tokens.put(parts[0] + "." + parts[1] + "." + "A".repeat(43), TOKEN_INVALID);
    tokens.put("eyJhbGciOiJub25lIn0." + parts[1] + ".", TOKEN_INVALID); // {"alg":"none"}
    tokens.put(node.foreignToken(alice), TOKEN_INVALID);
    tokens.put(node.expiredToken(alice), TOKEN_EXPIRED);
    tokens.put(node.serviceToken(alice), TOKEN_INVALID);
    tokens.forEach(
        (token, code) -> {
          RawClient client = open(dress);
          client.send(RawClient.connectFrame(token, "phone"));
          assertEnds("token \"" + token + "\"", dress, client, code);
        });
  }

  @Test
  void aSessionEndsWithItsTokenAndABadRenewalChangesNothing() {
    Map<Dress, RawClient> expiring = new LinkedHashMap<>();
    for (Dress dress : Dress.values()) {
      RawClient client = open(dress);
      client.connect(node.token(alice, 3), "phone-" + dress);
      client.send(new Frame.Renew("not a token"));
      assertThat(client.await(Frame.Error.class).code()).isEqualTo(TOKEN_INVALID.code());
      client.send(new Frame.Renew(node.serviceToken(alice)));
      assertThat(client.await(Frame.Error.class).detail()).contains("a service's token");
      client.fence();
      expiring.put(dress, client);

      RawClient renewed = open(dress);
      renewed.connect(node.token(alice, 3), "tablet-" + dress);
      renewed.send(new Frame.Renew(node.token(alice)));
      assertThat(renewed.await(Frame.Renewed.class).tokenExpiresAtMs())
          .isGreaterThan(renewed.connected().tokenExpiresAtMs());

      RawClient other = connected(dress);
      other.send(new Frame.Renew(node.token(TestNode.fresh("mallory"))));
      assertEnds("another user's token", dress, other, TOKEN_OTHER_USER);
    }
    expiring.forEach((dress, client) -> assertEnds("its token", dress, client, TOKEN_EXPIRED));
  }

  @ParameterizedTest
  @EnumSource
  void onlyAGoodConnectComesFirstAndOnlyOnce(Dress dress) {
    RawClient early = open(dress);
    early.send(UUID.randomUUID(), withBob, "too early");
    assertEnds("a Send first", dress, early, NOT_CONNECTED);

    RawClient twice = connected(dress);
    twice.send(RawClient.connectFrame(node.token(alice), "phone"));
    assertEnds("a second Connect", dress, twice, ALREADY_CONNECTED);

    Map<Connect, ErrorCode> bad = new LinkedHashMap<>();
    Connect good =
        Connect.newBuilder()
            .setProtocolVersion(1)
            .setToken(node.token(alice))
            .setDevice("phone")
            .build();
    bad.put(good.toBuilder().setProtocolVersion(2).build(), UNSUPPORTED_VERSION);
    bad.put(good.toBuilder().setProtocolVersion(0).build(), UNSUPPORTED_VERSION);
    bad.put(good.toBuilder().setDevice("").build(), INVALID_ID);
    bad.put(good.toBuilder().setDevice("a\0b").build(), INVALID_ID);
    bad.put(good.toBuilder().setDevice("x".repeat(65)).build(), INVALID_ID);
    bad.put(good.toBuilder().setClient("c".repeat(129)).build(), INVALID_REQUEST);
    bad.put(good.toBuilder().setClient("line\nfeed").build(), INVALID_REQUEST);
    bad.forEach(
        (connect, code) -> {
          RawClient client = open(dress);
          client.message(bytes(dress, frame().setConnect(connect).build()));
          assertEnds(connect.toString(), dress, client, code);
        });
  }

  // ---- sends

  private static Send.Builder send(int clientSeq) {
    return Send.newBuilder()
        .setClientSeq(clientSeq)
        .setClientMessageId(UUID.randomUUID().toString());
  }

  @ParameterizedTest
  @EnumSource
  void aSendWithAFieldThatMayNotBeSoIsRejectedAndUsesItsPlace(Dress dress) {
    Map<Send.Builder, ErrorCode> bad = new LinkedHashMap<>();
    String good = withBob.value();
    bad.put(send(1).setConversation("d~" + alice + "~b\0b").setText("x"), INVALID_ID);
    bad.put(send(2).setConversation("d~zoe~" + alice).setText("x"), INVALID_ID);
    bad.put(send(3).setConversation("nonsense").setText("x"), INVALID_ID);
    bad.put(send(4).setToUser("b~b").setText("x"), INVALID_ID);
    bad.put(send(5).setToUser("b\nb").setText("x"), INVALID_ID);
    bad.put(
        send(6).setConversation(good).setText("x").setClientMessageId("not a UUID"), INVALID_ID);
    bad.put(
        send(7)
            .setConversation(good)
            .setText("x")
            .setClientMessageId("00000000-0000-0000-0000-000000000000"),
        INVALID_ID);
    bad.put(send(8).setConversation(good), INVALID_CONTENT);
    bad.put(send(9).setText("to whom?"), INVALID_REQUEST);
    bad.put(send(10).setConversation(good).setToUser("bob").setText("x"), INVALID_REQUEST);
    RawClient client = connected(dress);
    bad.forEach(
        (send, code) -> {
          client.message(bytes(dress, frame().setSend(send).build()));
          Frame.SendRejected rejected = client.rejectionOf(send.getClientSeq());
          assertThat(rejected.code()).as(send.toString()).isEqualTo(code);
          assertThat(rejected.outcome()).isEqualTo(Outcome.NOT_APPLIED);
        });
    Send last = send(11).setConversation(good).setText("fine").build();
    client.message(bytes(dress, frame().setSend(last).build()));
    assertThat(client.ackOf(11).seq()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void clientSeqJumpsAreRefusedAndRepeatsAreAnsweredAgain(Dress dress) {
    RawClient client = connected(dress);
    client.message(
        bytes(
            dress, frame().setSend(send(0).setConversation(withBob.value()).setText("0")).build()));
    assertThat(client.await(Frame.Error.class).code()).isEqualTo(INVALID_REQUEST.code());

    client.send(sendFrame(5, "five"));
    Frame.SendRejected jump = client.rejectionOf(5);
    assertThat(jump.code()).isEqualTo(CLIENT_SEQ_JUMP);
    assertThat(jump.expectedClientSeq()).isEqualTo(1);

    Frame.Send one = sendFrame(1, "one");
    client.send(one);
    Frame.SendAck ack = client.ackOf(1);
    client.send(one);
    assertThat(client.ackOf(1)).isEqualTo(ack);
    client.send(sendFrame(2, "two"));
    assertThat(client.ackOf(2).seq()).isEqualTo(2);
    client.send(sendFrame(4, "four"));
    assertThat(client.rejectionOf(4).expectedClientSeq()).isEqualTo(3);
    assertThat(
            node.count(
                "select count(*) from messages m join conversations c on c.id = m.conversation"
                    + " where c.name = '"
                    + withBob
                    + "'"))
        .isEqualTo(2);
  }

  private Frame.Send sendFrame(int clientSeq, String text) {
    return new Frame.Send(
        clientSeq,
        UUID.randomUUID(),
        Optional.of(withBob),
        Optional.empty(),
        false,
        Content.Text.of(text));
  }

  @ParameterizedTest
  @EnumSource
  void aBodyThatIsTooLargeIsRejectedForGoodAlsoAsAResend(Dress dress) {
    RawClient client = connected(dress);
    Content largest = new Content.Body(ByteString.copyFrom(new byte[BODY_BYTES]));
    Content tooLarge = new Content.Body(ByteString.copyFrom(new byte[BODY_BYTES + 1]));
    for (boolean resend : new boolean[] {false, true}) {
      Frame.SendRejected rejected =
          client.rejectionOf(client.send(UUID.randomUUID(), withBob, tooLarge, resend));
      assertThat(rejected.code()).isEqualTo(BODY_TOO_LARGE);
      assertThat(rejected.outcome()).isEqualTo(Outcome.NOT_APPLIED);
    }
    assertThat(client.ackOf(client.send(UUID.randomUUID(), withBob, largest, false)).seq())
        .isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void whoMayNotIsToldSoAndStaysConnected(Dress dress) {
    RawClient owner = RawClient.connect(node, Dress.TCP, TestNode.fresh("owner"), "phone");
    clients.add(owner);
    ConversationId group = owner.createGroup("group", alice).conversation();
    RawClient client = connected(dress);
    ConversationId unknown = ConversationId.group(new UserId(alice), UUID.randomUUID());
    UUID id = UUID.randomUUID();
    assertRejected(client, id, unknown, Content.Text.of("x"), CONVERSATION_UNKNOWN);
    ConversationId others = ConversationId.direct(new UserId("x"), new UserId("y"));
    assertRejected(client, UUID.randomUUID(), others, Content.Text.of("x"), CONVERSATION_UNKNOWN);
    Content rename = new Content.Changed(new Change.Rename("mine"));
    assertRejected(client, UUID.randomUUID(), group, rename, NOT_ALLOWED);
    assertRejected(client, UUID.randomUUID(), withBob, rename, NOT_ALLOWED);
    Content leave = new Content.Changed(new Change.Leave());
    client.ackOf(client.send(UUID.randomUUID(), group, leave, false));
    assertRejected(client, UUID.randomUUID(), group, Content.Text.of("x"), NOT_A_MEMBER);
    client.fence();
  }

  private static void assertRejected(
      RawClient client, UUID id, ConversationId conversation, Content content, ErrorCode code) {
    assertThat(client.rejectionOf(client.send(id, conversation, content, false)).code())
        .isEqualTo(code);
  }

  // ---- other frames

  @ParameterizedTest
  @EnumSource
  void framesThatAServerDoesNotTakeAreAnErrorOnly(Dress dress) {
    RawClient client = connected(dress);
    client.message(
        bytes(dress, frame().setTail(Tail.newBuilder().setConversation(withBob.value())).build()));
    assertThat(client.await(Frame.Error.class).code()).isEqualTo(NOT_SUPPORTED.code());
    // A Pong is what a client owes a server that pings: no error, no answer.
    client.message(bytes(dress, frame().setPong(Pong.newBuilder().setNonce(3)).build()));
    client.fence();
    assertThat(client.taken(Frame.Error.class)).isEmpty();
    for (Frame serverOnly :
        List.of(
            new Frame.Renewed(1),
            new Frame.SendAck(1, UUID.randomUUID(), withBob, 1, 1, false),
            new Frame.AckConfirm(withBob, 1),
            new Frame.SyncDone(1, 0, 0),
            new Frame.GoAway(500, io.quipu.model.Advice.STOP, 0, "you go"))) {
      client.send(serverOnly);
      assertThat(client.await(Frame.Error.class).code())
          .as(serverOnly.toString())
          .isEqualTo(UNEXPECTED_FRAME.code());
    }
    client.fence();
  }

  @Test
  void anIdThatIsNoUtf8EndsTheConnection() {
    for (Dress dress : List.of(Dress.TCP, Dress.WEBSOCKET_BINARY)) {
      RawClient client = connected(dress);
      byte[] send = bytes(dress, frame().setSend(send(1).setToUser("bbbb").setText("x")).build());
      for (int i = 0; i < send.length - 3; i++) {
        if (send[i] == 'b' && send[i + 1] == 'b' && send[i + 2] == 'b' && send[i + 3] == 'b') {
          send[i] = (byte) 0xc0;
          send[i + 1] = (byte) 0x80; // the overlong NUL
          break;
        }
      }
      client.message(send);
      assertEnds("overlong NUL", dress, client, MALFORMED_FRAME);
    }
  }
}
