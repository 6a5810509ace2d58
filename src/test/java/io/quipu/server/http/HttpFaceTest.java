package io.quipu.server.http;

import static io.quipu.server.http.HttpFixture.UNIX_MS;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.http.HttpFixture.Reply;
import io.quipu.server.http.HttpFixture.Sent;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class HttpFaceTest {
  private static final String ID = "01890a5d-ac96-774b-bcce-b302099a8057";
  private static final String KEY = "Idempotency-Key: " + ID;
  private static final String GROUP = "g~" + "a".repeat(24);
  private static final String MESSAGES = "/v1/conversations/" + GROUP + "/messages";
  private static final String DIRECT = "/v1/direct/bob/messages";
  private static final String HELLO = "{\"text\":\"hello\"}";

  private HttpFixture http;

  @BeforeEach
  void start() {
    http = new HttpFixture(HttpFixture.RULES);
  }

  @AfterEach
  void stop() {
    http.close();
  }

  // ---- sends

  @Test
  void aMessageIsSentAndARetryIsTheSameMessage() {
    Reply first = http.call("POST", MESSAGES, "alice", HELLO, KEY);
    assertThat(first.status()).isEqualTo(201);
    assertThat(first.header("content-type")).isEqualTo("application/json");
    assertThat(first.json())
        .isEqualTo(
            new JsonObject()
                .put("clientMessageId", ID)
                .put("conversation", GROUP)
                .put("seq", "1")
                .put("storedAtMs", "" + UNIX_MS));
    assertThat(http.lastSent())
        .isEqualTo(
            new Sent(
                new Sent.Id(new UserId("alice"), new ConversationId(GROUP), UUID.fromString(ID)),
                true,
                Content.Text.of("hello")));
    Reply again = http.call("POST", MESSAGES, "alice", HELLO, KEY);
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json()).isEqualTo(first.json().put("duplicate", true));
  }

  @Test
  void withoutAKeyAnIdIsMadeAndTold() {
    JsonObject one = http.call("POST", MESSAGES, "alice", HELLO).json();
    JsonObject other = http.call("POST", MESSAGES, "alice", HELLO).json();
    UUID id = UUID.fromString(one.getString("clientMessageId"));
    assertThat(id.version()).isEqualTo(7);
    assertThat(id.variant()).isEqualTo(2);
    assertThat(id.getMostSignificantBits() >>> 16).isEqualTo(UNIX_MS);
    assertThat(other.getString("clientMessageId")).isNotEqualTo(id.toString());
    assertThat(http.lastSent().resend()).isFalse();
  }

  @Test
  void aBodyIsBytes() {
    assertThat(http.call("POST", MESSAGES, "alice", "{\"body\":\"AP9/\"}").status()).isEqualTo(201);
    Content bytes = new Content.Body(ByteString.copyFrom(new byte[] {0, -1, 0x7f}));
    assertThat(http.lastSent().content()).isEqualTo(bytes);
    http.call("POST", MESSAGES, "alice", "{\"body\":\"AP9_\",\"text\":null,\"new\":[{\"a\":1e9}]}");
    assertThat(http.lastSent().content()).isEqualTo(bytes);
    assertThat(http.sends()).isEqualTo(2);
  }

  @Test
  void aDirectMessageGoesToTheConversationOfTwo() {
    Reply reply = http.call("POST", DIRECT, "carol", HELLO);
    assertThat(reply.json().getString("conversation")).isEqualTo("d~bob~carol");
    assertThat(http.call("POST", "/v1/direct/carol/messages", "carol", HELLO).text("conversation"))
        .isEqualTo("d~carol~carol");
  }

  @ParameterizedTest
  @ValueSource(strings = {"d~bob~zo%C3%AB", "d%7Ebob%7Ezo%c3%ab", "%64~%62ob~zo%C3%AB"})
  void namesAreReadThroughPercentEncoding(String name) {
    Reply reply = http.call("POST", "/v1/conversations/" + name + "/messages", "bob", HELLO);
    assertThat(reply.status()).isEqualTo(201);
    assertThat(reply.json().getString("conversation")).isEqualTo("d~bob~zoë");
  }

  @Test
  void aUserMayHoldWhatAPathMustEncode() {
    String path = "/v1/direct/a%2Bb%25%3F%23%F0%9F%90%A7/messages";
    assertThat(http.call("POST", path, "z", HELLO).json().getString("conversation"))
        .isEqualTo("d~a+b%?#\uD83D\uDC27~z");
    assertThat(http.call("POST", "/v1/direct/a+b/messages", "z", HELLO).text("conversation"))
        .isEqualTo("d~a+b~z");
    assertThat(http.call("POST", "/v1/direct/%257E/messages", "z", HELLO).text("conversation"))
        .isEqualTo("d~%7E~z");
  }

  @Test
  void aGroupIsCreatedOnce() {
    String body = "{\"title\":\"Tea\",\"members\":[\"bob\",\"zo\\u00eb\"]}";
    Reply first = http.call("POST", "/v1/conversations", "alice", body, KEY);
    assertThat(first.status()).isEqualTo(201);
    ConversationId group = ConversationId.group(new UserId("alice"), UUID.fromString(ID));
    assertThat(first.json().getString("conversation")).isEqualTo(group.value());
    assertThat(http.lastSent().content())
        .isEqualTo(
            changed(new Change.Create("Tea", List.of(new UserId("bob"), new UserId("zoë")))));
    Reply again = http.call("POST", "/v1/conversations", "alice", body, KEY);
    assertThat(again.json()).isEqualTo(first.json().put("duplicate", true));
    assertThat(http.call("POST", "/v1/conversations", "alice", "{}").status()).isEqualTo(201);
    assertThat(http.lastSent().content()).isEqualTo(changed(new Change.Create("", List.of())));
  }

  // ---- what has become of a send

  @Test
  void theFateOfASendIsToldAndSettled() {
    String path = "/v1/conversations/" + GROUP + "/sends/" + ID;
    assertThat(http.get(path, "alice").json()).isEqualTo(fate(GROUP).put("state", "NOT_SEEN"));
    assertThat(http.call("POST", path + "/cancel", "alice", "").json())
        .isEqualTo(fate(GROUP).put("state", "VOID"));
    http.call("POST", MESSAGES, "alice", HELLO, KEY);
    assertThat(http.get(path, "alice").json())
        .isEqualTo(
            fate(GROUP).put("state", "STORED").put("seq", "1").put("storedAtMs", "" + UNIX_MS));
    assertThat(http.get(path, "bob").json()).isEqualTo(fate(GROUP).put("state", "NOT_SEEN"));
    JsonObject problem =
        refused(
            http.get(path.toUpperCase(java.util.Locale.ROOT), "alice"),
            404,
            ErrorCode.INVALID_REQUEST);
    assertThat(problem.containsKey("outcome")).isFalse();
    refused(
        http.get("/v1/conversations/" + GROUP + "/sends/1", "alice"), 400, ErrorCode.INVALID_ID);
  }

  // ---- who

  @Test
  void withoutATokenThereIsNothing() {
    String noToken = "POST " + MESSAGES + " HTTP/1.1\r\nHost: x\r\n";
    String end = "Connection: close\r\nContent-Length: 16\r\n\r\n" + HELLO;
    for (String header :
        List.of(
            "",
            "Authorization: Basic YWxpY2U6eA==\r\n",
            "Authorization: token-of-alice\r\n",
            "Authorization: Bearer token-of-alice\r\nAuthorization: Bearer token-of-bob\r\n",
            "Cookie: token=token-of-alice\r\n")) {
      Reply reply = http.raw(noToken + header + end);
      refused(reply, 401, ErrorCode.TOKEN_INVALID);
      assertThat(reply.header("www-authenticate")).isEqualTo("Bearer realm=\"quipu\"");
    }
    Reply invalid = http.raw(noToken + "Authorization: Bearer nonsense\r\n" + end);
    refused(invalid, 401, ErrorCode.TOKEN_INVALID);
    assertThat(invalid.header("www-authenticate")).contains("error=\"invalid_token\"");
    JsonObject expired =
        refused(
            http.raw(noToken + "Authorization: bearer expired\r\n" + end),
            401,
            ErrorCode.TOKEN_EXPIRED);
    assertThat(expired.getString("advice")).isEqualTo("RE_LOGIN");
    assertThat(expired.getString("outcome")).isEqualTo("NOT_APPLIED");
    assertThat(http.sends()).isZero();
  }

  @Test
  void withDevelopmentTokensOnlyLoopbackNamesAreAnswered() {
    try (HttpFixture development = new HttpFixture(HttpFixture.rules(20_000, 20_000, true))) {
      String request = "GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: ";
      for (String host :
          List.of("localhost", "localhost:7380", "LocalHost:1", "127.0.0.1:7380", "[::1]:7380")) {
        assertThat(development.raw(request + host + "\r\n\r\n").status()).isEqualTo(200);
      }
      for (String host :
          List.of(
              "evil.example",
              "evil.example:7380",
              "localhost.evil.example",
              "127.0.0.1.evil",
              "")) {
        refused(development.raw(request + host + "\r\n\r\n"), 421, ErrorCode.INVALID_REQUEST);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"access_token", "token", "authorization", "jwt"})
  void aTokenInTheUrlIsNotLookedAt(String name) {
    refused(http.get(MESSAGES + "?" + name + "=token-of-alice", ""), 401, ErrorCode.TOKEN_INVALID);
  }

  @Test
  void aForeignConversationDoesNotExist() {
    String foreign = "/v1/conversations/d~bob~carol/messages";
    JsonObject sent =
        refused(
            http.call("POST", foreign, "alice", HELLO, KEY), 404, ErrorCode.CONVERSATION_UNKNOWN);
    assertThat(sent.getString("outcome")).isEqualTo("NOT_APPLIED");
    refused(http.get(foreign, "alice"), 404, ErrorCode.CONVERSATION_UNKNOWN);
    assertThat(http.sends()).isZero();
  }

  @Test
  void oneUserDoesNotTakeAllRequests() throws Exception {
    Promise<Appender.Stored> stuck = Promise.promise();
    http.appendEnds = Optional.of(stuck.future());
    List<CompletableFuture<Reply>> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      waiting.add(CompletableFuture.supplyAsync(() -> http.call("POST", MESSAGES, "alice", HELLO)));
    }
    Awaitility.await().until(() -> http.sends() == 3);
    Reply fourth = http.call("POST", MESSAGES, "alice", HELLO);
    JsonObject problem = refused(fourth, 429, ErrorCode.TOO_MANY_REQUESTS);
    assertThat(problem.getString("outcome")).isEqualTo("NOT_APPLIED");
    assertThat(fourth.header("retry-after")).isEqualTo("2");
    assertThat(http.get(MESSAGES, "bob").status()).isEqualTo(200);
    stuck.complete(new Appender.Stored(new ConversationId(GROUP), 1, 1, false));
    for (CompletableFuture<Reply> one : waiting) {
      assertThat(one.get(20, TimeUnit.SECONDS).status()).isEqualTo(201);
    }
    assertThat(http.get(MESSAGES, "alice").status()).isEqualTo(200);
  }

  @Test
  void aUserWhoAsksTooOftenIsToldWhenToComeAgainAndAServiceIsNot() throws Exception {
    http.waitMs = 2_500;
    Reply reply = http.get(MESSAGES, "alice");
    refused(reply, 429, ErrorCode.TOO_MANY_REQUESTS);
    assertThat(reply.header("retry-after")).isEqualTo("3");
    assertThat(http.get("/healthz", "alice").status()).isEqualTo(200);
    Reply service =
        http.call(
            "GET",
            MESSAGES,
            "",
            "",
            "Authorization: Bearer " + HttpFixture.SERVICE_TOKEN,
            "Quipu-User: alice");
    assertThat(service.status()).isEqualTo(200);
    http.waitMs = 0;
    assertThat(http.get(MESSAGES, "alice").status()).isEqualTo(200);
  }

  // ---- what is wrong with a request

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"text\":\"a\"} x",
        "{\"text\":\"a\"}{}",
        "{'text':'a'}",
        "{\"text\":\"a\",}",
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"text\":1}",
        "{\"text\":{}}",
        "{\"text\":\"\\ud800\"}",
        "{\"text\":\"a\" /* */}",
        "{\"body\":[]}",
        "{\"members\":\"a\",\"text\":\"\"}",
        "{\"members\":[1],\"text\":\"\"}",
        "{\"text\":\"a\u0000\"}",
        "\uFEFF{\"text\":\"a\"}"
      })
  void whatIsNotTheJsonThatIsAskedForIsRefused(String body) {
    JsonObject problem =
        refused(http.call("POST", MESSAGES, "alice", body, KEY), 400, ErrorCode.INVALID_REQUEST);
    // An earlier request with this key may have been stored.
    assertThat(problem.getString("outcome")).isEqualTo("UNKNOWN");
    assertThat(problem.getString("clientMessageId")).isEqualTo(ID);
    assertThat(http.sends()).isZero();
  }

  @Test
  void deepJsonAndWrongEncodingsAreRefused() {
    refused(
        http.call("POST", MESSAGES, "alice", "{\"x\":" + "[".repeat(900) + "]".repeat(900) + "}"),
        400,
        ErrorCode.INVALID_REQUEST);
    refused(
        http.call("POST", MESSAGES, "alice", "{\"x\":" + "9".repeat(1500) + "}"),
        400,
        ErrorCode.INVALID_REQUEST);
    refused(http.call("POST", MESSAGES, "alice", ""), 400, ErrorCode.INVALID_REQUEST);
    for (String content :
        List.of("{}", "{\"text\":\"a\",\"body\":\"\"}", "{\"body\":\"a\"}", "{\"body\":\"*\"}")) {
      refused(http.call("POST", MESSAGES, "alice", content), 400, ErrorCode.INVALID_CONTENT);
    }
    refused(
        http.call("POST", MESSAGES, "alice", HELLO, "Content-Type: text/plain"),
        415,
        ErrorCode.INVALID_REQUEST);
    refused(
        http.call("POST", MESSAGES, "alice", HELLO, "Content-Encoding: gzip"),
        415,
        ErrorCode.INVALID_REQUEST);
    assertThat(http.sends()).isZero();
    String json = "Content-Type: Application/JSON; charset=utf-8";
    assertThat(http.call("POST", MESSAGES, "alice", HELLO, json).status()).isEqualTo(201);
  }

  @Test
  void whatIsTooLargeIsRefused() {
    String content = "{\"text\":\"" + "x".repeat(1_001) + "\"}";
    JsonObject problem =
        refused(http.call("POST", MESSAGES, "alice", content), 413, ErrorCode.BODY_TOO_LARGE);
    assertThat(problem.getString("outcome")).isEqualTo("NOT_APPLIED");
    assertThat(problem.getString("detail")).contains("at most 1000");
    assertThat(http.call("POST", MESSAGES, "alice", content, KEY).text("outcome"))
        .isEqualTo("UNKNOWN");
    refused(
        http.call("POST", MESSAGES, "alice", "{\"x\":\"" + "x".repeat(3_000) + "\"}"),
        413,
        ErrorCode.BODY_TOO_LARGE);
    String head =
        "POST " + MESSAGES + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-alice\r\n";
    String chunk = "3e8\r\n" + " ".repeat(1_000) + "\r\n";
    refused(
        http.raw(
            head
                + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                + chunk.repeat(5)
                + "0\r\n\r\n"),
        413,
        ErrorCode.BODY_TOO_LARGE);
    assertThat(http.sends()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "alice%00",
        "%00",
        "a%20b",
        "a%7Eb",
        "a%09b",
        "%7Ealice",
        "%C2%85",
        "%E2%80%AEalice",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      })
  void whatIsNoUserIsRefused(String user) {
    Reply reply = http.call("POST", "/v1/direct/" + user + "/messages", "alice", HELLO);
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.json().getInteger("code")).isIn(105, 111);
    assertThat(http.sends()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "g~",
        "d~a",
        "d~b~a",
        "x~a~b",
        "g~AAAAAAAAAAAAAAAAAAAAAAAA",
        "1",
        "d~a~b~c",
        "d~~a"
      })
  void whatIsNoConversationIsRefused(String name) {
    Reply reply = http.call("POST", "/v1/conversations/" + name + "/messages", "a", HELLO);
    refused(reply, 400, ErrorCode.INVALID_ID);
    refused(http.get("/v1/conversations/" + name + "/messages", "a"), 400, ErrorCode.INVALID_ID);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/direct/../../etc/passwd",
        "/v1/direct/%2e%2e/messages",
        "/v1/direct/%2E/messages",
        "/v1/direct/a%2Fb/messages",
        "/v1/direct/a%5Cb/messages",
        "/v1/direct/a\\b/messages",
        "/v1//direct/bob/messages",
        "/v1/direct//messages",
        "/v1/direct/bob/messages/",
        "/v1/direct/%/messages",
        "/v1/direct/%4/messages",
        "/v1/direct/%zz/messages",
        "/v1/direct/%C3/messages",
        "/v1/direct/%C0%AF/messages",
        "/v1/direct/%ED%A0%80/messages",
        "/v1/direct/%FF/messages",
        "//evil.example/v1",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/healthz%00",
        "/v1/direct/zoë/messages",
        "/v1/direct/%u0041/messages",
        "/static/..%252f..%252fetc/passwd%00.html",
        "/v1/direct/\u007f/messages"
      })
  void aPathInDisguiseIsRefused(String path) {
    Reply reply = http.call("POST", path, "alice", HELLO);
    assertThat(reply.status()).isEqualTo(400);
    assertThat(http.sends()).isZero();
    // And the node is as well as before.
    assertThat(http.get("/healthz", "").status()).isEqualTo(200);
  }

  @Test
  void anUnknownPathAndAWrongMethodAreToldApart() {
    for (String path : List.of("/", "/v2", "/v1", "/v1/x", "/v1/conversations/" + GROUP + "/x")) {
      refused(http.get(path, "alice"), 404, ErrorCode.INVALID_REQUEST);
    }
    Reply reply = http.call("PUT", MESSAGES, "alice", HELLO);
    refused(reply, 405, ErrorCode.INVALID_REQUEST);
    assertThat(reply.header("allow")).isEqualTo("GET, HEAD, POST");
    assertThat(http.call("POST", "/readyz", "", "").header("allow")).isEqualTo("GET, HEAD");
    assertThat(http.call("BREW", DIRECT, "alice", "").status()).isEqualTo(405);
    refused(http.call("OPTIONS", "*", "alice", ""), 404, ErrorCode.INVALID_REQUEST);
    Reply upgrade = http.get("/v1/connect", "");
    refused(upgrade, 426, ErrorCode.INVALID_REQUEST);
    assertThat(upgrade.header("upgrade")).isEqualTo("websocket");
  }

  @Test
  void anIdempotencyKeyIsOneUuid() {
    for (String key :
        List.of(
            "x",
            "",
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            "00000000-0000-0000-0000-000000000000",
            "1-1-1-1-1",
            ID + "\r\nIdempotency-Key: " + ID)) {
      Reply reply = http.call("POST", MESSAGES, "alice", HELLO, "Idempotency-Key: " + key);
      refused(reply, 400, ErrorCode.INVALID_ID);
    }
    assertThat(http.sends()).isZero();
    String quoted = "Idempotency-Key: \"" + ID + "\"";
    assertThat(http.call("POST", MESSAGES, "alice", HELLO, quoted).text("clientMessageId"))
        .isEqualTo(ID);
  }

  // ---- what the owner and the store say

  @ParameterizedTest
  @EnumSource(ErrorCode.class)
  void everyCodeIsAProblem(ErrorCode code) {
    http.heldToTheContract = false; // sockets have codes that no route has
    http.appendEnds =
        Optional.of(
            Future.failedFuture(new QuipuException(code, Outcome.NOT_APPLIED, "for \"people\"")));
    Reply reply = http.call("POST", MESSAGES, "alice", HELLO, KEY);
    JsonObject problem = refused(reply, Problem.statusOf(code), code);
    assertThat(problem.getString("detail")).isEqualTo("for \"people\"");
    assertThat(problem.getString("outcome")).isEqualTo("NOT_APPLIED");
    assertThat(problem.getString("clientMessageId")).isEqualTo(ID);
    boolean waits =
        List.of("BACK_OFF", "RETRY_SAME_ID", "RECONNECT").contains(code.advice().name());
    assertThat(reply.header("retry-after")).isEqualTo(waits ? "2" : "");
    assertThat(problem.getInteger("retryAfterMs", 0)).isEqualTo(waits ? 1_500 : 0);
  }

  @Test
  void anUnknownOutcomeIsToldWithTheIdToAskFor() {
    http.appendEnds =
        Optional.of(Future.failedFuture(new QuipuException(ErrorCode.STORE_DOWN, "no answer")));
    JsonObject problem =
        refused(http.call("POST", MESSAGES, "alice", HELLO), 503, ErrorCode.STORE_DOWN);
    assertThat(problem.getString("outcome")).isEqualTo("UNKNOWN");
    UUID id = UUID.fromString(problem.getString("clientMessageId"));
    assertThat(id).isEqualTo(http.lastSent().id().clientMessageId());
  }

  @Test
  void aBugTellsNothingOfItself() {
    http.appendEnds =
        Optional.of(Future.failedFuture(new IllegalStateException("select * from secrets")));
    Reply reply = http.call("POST", MESSAGES, "alice", HELLO);
    JsonObject problem = refused(reply, 500, ErrorCode.BUG);
    assertThat(problem.getString("outcome")).isEqualTo("UNKNOWN");
    assertThat(reply.body()).doesNotContain("secrets", "IllegalState");
  }

  @Test
  void aLateAnswerIsAnUnknownOutcome() {
    try (HttpFixture hasty = new HttpFixture(HttpFixture.rules(100, 100, false))) {
      Promise<Appender.Stored> never = Promise.promise();
      hasty.appendEnds = Optional.of(never.future());
      JsonObject problem =
          refused(
              hasty.call("POST", MESSAGES, "alice", HELLO, KEY), 504, ErrorCode.OWNER_UNREACHABLE);
      assertThat(problem.getString("outcome")).isEqualTo("UNKNOWN");
      never.fail("too late for an answer"); // and harmless
      hasty.appendEnds = Optional.empty();
      assertThat(hasty.call("POST", MESSAGES, "alice", HELLO, KEY).status()).isEqualTo(201);
    }
  }

  @Test
  void aBodyThatDoesNotComeEndsTheConnection() {
    try (HttpFixture hasty = new HttpFixture(HttpFixture.rules(100, 20_000, false))) {
      String head =
          "POST " + MESSAGES + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-alice\r\n";
      Reply reply = hasty.raw(head + "Content-Length: 1000\r\n\r\n{\"te");
      refused(reply, 408, ErrorCode.IDLE_TIMEOUT);
      // A stranger's body is not even waited for; his connection ends all the same.
      refused(
          hasty.raw("POST " + MESSAGES + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"),
          401,
          ErrorCode.TOKEN_INVALID);
    }
  }

  // ---- probes

  @Test
  void aliveIsNotReady() {
    http.storeFails = Optional.of(new QuipuException(ErrorCode.STORE_DOWN, "postgres://secret"));
    assertThat(http.get("/healthz", "").json()).isEqualTo(new JsonObject().put("status", "alive"));
    Reply reply = http.get("/readyz", "");
    JsonObject problem = refused(reply, 503, ErrorCode.STORE_DOWN);
    assertThat(problem.getString("detail")).isEqualTo("the message store does not answer");
    assertThat(problem.containsKey("outcome")).isFalse();
    http.storeFails = Optional.empty();
    http.nowMs.addAndGet(1_000);
    assertThat(http.get("/readyz", "").json()).isEqualTo(new JsonObject().put("status", "ready"));
    http.draining = true;
    Reply draining = http.get("/readyz", "");
    refused(draining, 503, ErrorCode.DRAINING);
    assertThat(http.get("/healthz", "").status()).isEqualTo(200);
    assertThat(draining.header("connection")).isEqualTo("close");
  }

  @Test
  void askingOftenAsksTheStoreOncePerSecond() {
    for (int i = 0; i < 10; i++) {
      assertThat(http.get("/readyz", "").status()).isEqualTo(200);
    }
    assertThat(http.pings).hasValue(1);
    http.nowMs.addAndGet(1_000);
    http.get("/readyz", "");
    assertThat(http.pings).hasValue(2);
  }

  @Test
  void answersAreNeitherKeptNorGuessed() {
    Reply reply = http.get(MESSAGES, "alice");
    assertThat(reply.header("cache-control")).isEqualTo("no-store");
    assertThat(reply.header("x-content-type-options")).isEqualTo("nosniff");
    assertThat(http.call("GET", MESSAGES, "alice", "", "Accept-Encoding: gzip, br"))
        .matches(plain -> plain.header("content-encoding").isEmpty());
  }

  @Test
  void theLogHoldsNeitherTokensNorBodiesNorForgedLines() {
    Logger root = (Logger) LoggerFactory.getLogger("io.quipu");
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    Level before = root.getLevel();
    root.setLevel(Level.TRACE);
    root.addAppender(lines);
    try {
      http.appendEnds = Optional.of(Future.failedFuture(new IllegalStateException("a bug")));
      http.call("POST", MESSAGES, "alice", "{\"text\":\"very private\"}", KEY);
      http.call("POST", "/v1/x%0d%0aINFO%20forged", "alice", HELLO);
      http.call("GET", MESSAGES + "?a=%0d%0aINFO+forged", "alice", "", "X-A: b");
      http.raw(
          String.join(
              "\r\n",
              "GET /v1/x HTTP/1.1",
              "Host: x",
              "Authorization: Bearer s3cret",
              "Connection: close",
              "",
              ""));
    } finally {
      root.detachAppender(lines);
      root.setLevel(before);
    }
    assertThat(lines.list).isNotEmpty(); // the bug
    for (ILoggingEvent line : lines.list) {
      assertThat(line.getFormattedMessage())
          .doesNotContain("token-of", "s3cret", "private", "forged", "\n", "\r");
    }
  }

  private static JsonObject fate(String conversation) {
    return new JsonObject().put("conversation", conversation).put("clientMessageId", ID);
  }

  private static Content changed(Change change) {
    return new Content.Changed(change);
  }

  static JsonObject refused(Reply reply, int status, ErrorCode code) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(status);
    assertThat(reply.header("content-type")).isEqualTo("application/problem+json");
    JsonObject problem = reply.json();
    assertThat(problem.getInteger("status")).isEqualTo(status);
    assertThat(problem.getInteger("code")).isEqualTo(code.code());
    assertThat(problem.getString("title")).isEqualTo(code.name());
    assertThat(problem.getString("type")).isEqualTo("urn:quipu:error:" + code.code());
    assertThat(problem.getString("advice")).isEqualTo(code.advice().name());
    assertThat(problem.getString("detail")).isNotEmpty();
    return problem;
  }
}
