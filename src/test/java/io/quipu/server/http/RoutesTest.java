package io.quipu.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.QuipuException;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.http.HttpFixture.Reply;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each route makes of a request, and how it answers. */
class RoutesTest {
  private static final String ID = "01890a5d-ac96-774b-bcce-b302099a8057";
  private static final String KEY = "Idempotency-Key: " + ID;
  private static final String GROUP = "g~" + "a".repeat(24);
  private static final String ONE = "/v1/conversations/" + GROUP;
  private static final String MEMBERS = ONE + "/members";
  private static final String MESSAGES = ONE + "/messages";
  private static final String SERVICE = "Authorization: Bearer " + HttpFixture.SERVICE_TOKEN;
  private static final UserId ZOE = new UserId("zoë");

  private final HttpFixture http = new HttpFixture(HttpFixture.RULES);

  @AfterEach
  void close() {
    http.close();
  }

  // ---- conversations

  @Test
  void aGroupIsMadeWithItsSettings() {
    String body =
        "{\"title\":\"Tea\",\"members\":[\"zoë\"],\"settings\":{\"history\":\"ALL\",\"new\":[1]}}";
    Reply made = http.call("POST", "/v1/conversations", "alice", body, KEY);
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.header("location"))
        .isEqualTo("/v1/conversations/" + made.text("conversation") + "/messages/1");
    assertThat(sent())
        .isEqualTo(
            new Change.Create(
                "Tea",
                List.of(ZOE),
                new GroupSettings(Optional.of(GroupSettings.History.ALL), Optional.empty())));
  }

  @Test
  void aDirectConversationIsToldOfAndNotMade() {
    Reply reply = http.call("POST", "/v1/conversations", "alice", "{\"user\":\"zoë\"}");
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.text("conversation")).isEqualTo("d~alice~zoë");
    assertThat(http.sends()).isZero();
    refused(
        http.call("POST", "/v1/conversations", "alice", "{\"user\":\"bob\",\"title\":\"x\"}"),
        400,
        ErrorCode.INVALID_REQUEST);
    refused(
        http.call("POST", "/v1/conversations", "alice", "{\"user\":\"b b\"}"),
        400,
        ErrorCode.INVALID_ID);
  }

  @Test
  void aGroupIsRenamedOrConfiguredOneAtATime() {
    assertThat(http.call("PATCH", ONE, "alice", "{\"title\":\"\"}").status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Rename(""));
    String settings = "{\"settings\":{\"whoAdds\":\"MEMBERS\"}}";
    assertThat(http.call("PATCH", ONE, "alice", settings).status()).isEqualTo(201);
    assertThat(sent())
        .isEqualTo(
            new Change.Configure(
                new GroupSettings(Optional.empty(), Optional.of(GroupSettings.WhoAdds.MEMBERS))));
    for (String neither : List.of("{}", "{\"title\":\"a\",\"settings\":{\"history\":\"ALL\"}}")) {
      refused(http.call("PATCH", ONE, "alice", neither), 400, ErrorCode.INVALID_REQUEST);
    }
    for (String wrong : List.of("{\"settings\":{}}", "{\"title\":\"a\\nb\"}")) {
      refused(http.call("PATCH", ONE, "alice", wrong), 400, ErrorCode.INVALID_CONTENT);
    }
    for (String wrong :
        List.of(
            "{\"settings\":[]}",
            "{\"settings\":{\"history\":\"SOME\"}}",
            "{\"settings\":{\"history\":1}}",
            "{\"settings\":{\"history\":\"ALL\",\"history\":\"ALL\"}}")) {
      refused(http.call("PATCH", ONE, "alice", wrong), 400, ErrorCode.INVALID_REQUEST);
    }
  }

  @Test
  void aConversationIsWhatTheCallerFinds() {
    Reply reply = http.get(ONE, "alice");
    assertThat(reply.json())
        .isEqualTo(
            new JsonObject()
                .put("conversation", GROUP)
                .put("title", "Tea")
                .put("role", "OWNER")
                .put("present", true)
                .put("members", 2)
                .put(
                    "settings",
                    new JsonObject()
                        .put("history", "FROM_JOIN")
                        .put("whoAdds", "ADMINS")
                        .put("retention", new JsonObject().put("asServer", true)))
                .put("last", message("7", "alice"))
                .put("tailSeq", "7")
                .put("readSeq", "6")
                .put("unread", 1));
    refused(
        http.get("/v1/conversations/d~bob~carol", "alice"), 404, ErrorCode.CONVERSATION_UNKNOWN);
  }

  @Test
  void aReadMarkIsSetWhereThereIsSuchASeq() {
    for (String seq : List.of("7", "\"7\"", "\"007\"")) {
      Reply reply = http.call("PUT", ONE + "/read", "alice", "{\"seq\":" + seq + "}");
      assertThat(reply.status()).isEqualTo(204);
      assertThat(reply.body()).isEmpty();
      assertThat(http.lastRead).isEqualTo("alice " + GROUP + " 7");
    }
    refused(
        http.call("PUT", ONE + "/read", "alice", "{\"seq\":8}"), 400, ErrorCode.ACK_BEYOND_TAIL);
    refused(
        http.call("PUT", "/v1/conversations/d~bob~carol/read", "alice", "{\"seq\":1}"),
        404,
        ErrorCode.CONVERSATION_UNKNOWN);
    for (String wrong :
        List.of("0", "-1", "1.5", "1e3", "true", "\"x\"", "\"\"", "[1]", "9999999999999999999")) {
      Reply reply = http.call("PUT", ONE + "/read", "alice", "{\"seq\":" + wrong + "}");
      assertThat(refused(reply, 400, ErrorCode.INVALID_REQUEST).containsKey("outcome")).isFalse();
    }
    refused(http.call("PUT", ONE + "/read", "alice", "{}"), 400, ErrorCode.INVALID_REQUEST);
  }

  @Test
  void aConversationIsMutedUntilATimeOrNotAtAll() {
    Reply reply = http.call("PUT", ONE + "/mute", "alice", "{\"untilMs\":\"1800000000000\"}");
    assertThat(reply.status()).isEqualTo(204);
    assertThat(http.people.asked).isEqualTo("mute alice " + GROUP + " 1800000000000");
    assertThat(http.call("PUT", ONE + "/mute", "alice", "{\"untilMs\":0}").status()).isEqualTo(204);
    refused(http.call("PUT", ONE + "/mute", "alice", "{}"), 400, ErrorCode.INVALID_REQUEST);
    refused(
        http.call("PUT", ONE + "/mute", "alice", "{\"untilMs\":-1}"),
        400,
        ErrorCode.INVALID_REQUEST);
  }

  // ---- lists

  @ParameterizedTest
  @CsvSource({
    "/v1/conversations, conversations, conversations alice 50 10000",
    "/v1/conversations/g~aaaaaaaaaaaaaaaaaaaaaaaa/members, members, members alice GROUP 50",
    "/v1/conversations/g~aaaaaaaaaaaaaaaaaaaaaaaa/receipts, entries, receipts alice GROUP 50",
    "/v1/conversations/g~aaaaaaaaaaaaaaaaaaaaaaaa/messages/3/reactions, reactions, reactions alice"
        + " GROUP 3 50",
    "/v1/blocks, blocks, blocks alice 50"
  })
  void aListIsReadPageByPage(String path, String list, String question) {
    Reply first = http.get(path, "alice");
    assertThat(first.status()).isEqualTo(200);
    assertThat(http.lists.asked).isEqualTo(question.replace("GROUP", GROUP));
    String items = list.equals("blocks") ? "users" : list;
    assertThat(first.json().getJsonArray(items)).hasSize(1);
    assertThat(first.text("nextPage")).isEqualTo("next-of-" + list);
    Reply second = http.get(path + "?page=next-of-" + list, "alice");
    assertThat(second.json().fieldNames()).doesNotContain(items, "nextPage");
    http.get(path + "?limit=3", "alice");
    assertThat(http.lists.asked).isEqualTo(question.replace("GROUP", GROUP).replace("50", "3"));
    http.get(path + "?limit=2147483647", "alice");
    assertThat(http.lists.asked).isEqualTo(question.replace("GROUP", GROUP));
    for (String wrong :
        List.of(
            "page=next-of-another",
            "limit=-1",
            "limit=x",
            "limit=2147483648",
            "limit=1&limit=1",
            "page=a&page=a")) {
      refused(http.get(path + "?" + wrong, "alice"), 400, ErrorCode.INVALID_REQUEST);
    }
    http.storeFails = Optional.of(new QuipuException(ErrorCode.STORE_DOWN, "no answer"));
    refused(http.get(path, "alice"), 503, ErrorCode.STORE_DOWN);
  }

  @Test
  void theSystemReadsTheMembersOfAnyConversation() {
    assertThat(http.call("GET", MEMBERS, "", "", SERVICE).status()).isEqualTo(200);
    assertThat(http.lists.asked).isEqualTo("members - " + GROUP + " 50");
    http.call("GET", MEMBERS, "", "", SERVICE, "Quipu-User: zo%C3%AB");
    assertThat(http.lists.asked).isEqualTo("members zoë " + GROUP + " 50");
  }

  // ---- members

  @Test
  void rolesAreGiven() {
    String path = MEMBERS + "/zo%C3%AB";
    assertThat(http.call("PATCH", path, "alice", "{\"role\":\"ADMIN\"}").status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.SetRole(ZOE, Role.ADMIN));
    for (String wrong :
        List.of("{}", "{\"role\":\"KING\"}", "{\"role\":\"admin\"}", "{\"role\":2}")) {
      refused(http.call("PATCH", path, "alice", wrong), 400, ErrorCode.INVALID_REQUEST);
    }
    assertThat(http.sends()).isEqualTo(1);
  }

  @Test
  void membersComeAndGo() {
    assertThat(http.call("POST", MEMBERS, "alice", "{\"members\":[\"zoë\"]}").status())
        .isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Add(List.of(ZOE)));
    assertThat(http.call("DELETE", MEMBERS + "/zo%C3%AB", "alice", "").status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Remove(List.of(ZOE)));
    assertThat(http.call("DELETE", MEMBERS + "/d%61ve", "dave", "", KEY).status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Leave());
    assertThat(http.call("DELETE", MEMBERS + "/d%61ve", "dave", "", KEY).text("duplicate"))
        .isEqualTo("true");
    http.call("DELETE", MEMBERS + "/me", "alice", "");
    assertThat(sent()).isEqualTo(new Change.Remove(List.of(new UserId("me"))));
    refused(http.call("POST", MEMBERS, "alice", "{}"), 400, ErrorCode.INVALID_CONTENT);
  }

  // ---- messages

  @Test
  void historyIsReadByPageWithItsReactions() {
    Reply reply = http.get(MESSAGES + "?before=9&limit=2", "alice");
    assertThat(reply.json())
        .isEqualTo(
            new JsonObject()
                .put(
                    "range",
                    new JsonObject()
                        .put("conversation", GROUP)
                        .put("fromSeq", "7")
                        .put("toSeq", "7")
                        .put("messages", new JsonArray().add(message("7", "alice"))))
                .put("more", true)
                .put(
                    "reactions",
                    new JsonArray()
                        .add(
                            new JsonObject()
                                .put("seq", "7")
                                .put("key", "👍")
                                .put("count", 2)
                                .put("own", true))));
    assertThat(http.lastHistory).isEqualTo("9 0 2 10000");
    http.get(MESSAGES, "alice");
    assertThat(http.lastHistory).isEqualTo("0 0 50 10000");
    http.get(MESSAGES + "?after=4&limit=1000000", "alice");
    assertThat(http.lastHistory).isEqualTo("0 4 50 10000");
    assertThat(http.get(MESSAGES + "?around=7", "alice").text("moreBefore")).isEqualTo("true");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "before=1&after=1",
        "around=1&after=1",
        "before=1&after=0&around=2",
        "before=-1",
        "before=x",
        "around=x",
        "limit=",
        "limit=99999999999",
        "limit=1&limit=2",
        "after=1e3",
        "before=99999999999999999999",
        "limit=%31%",
        "after=%00",
        "after=+1"
      })
  void aWrongQueryIsRefused(String query) {
    refused(http.get(MESSAGES + "?" + query, "alice"), 400, ErrorCode.INVALID_REQUEST);
  }

  @Test
  void oneMessageIsReadByItsPlace() {
    assertThat(http.get(MESSAGES + "/7", "alice").json()).isEqualTo(message("7", "alice"));
    assertThat(http.lastHistory).isEqualTo("8 0 1 10000");
    assertThat(http.get(MESSAGES + "/1", "alice").json()).isEqualTo(message("1", "alice"));
    refused(http.get(MESSAGES + "/8", "alice"), 404, ErrorCode.MESSAGE_UNKNOWN);
    String last = "999999999999999999";
    refused(http.get(MESSAGES + "/" + last, "alice"), 404, ErrorCode.MESSAGE_UNKNOWN);
    assertThat(http.lastHistory).startsWith("1000000000000000000 ");
    for (String wrong : List.of("0", "-1", "x", "1.0", "9999999999999999999", "%31x", "+1")) {
      refused(http.get(MESSAGES + "/" + wrong, "alice"), 400, ErrorCode.INVALID_ID);
    }
  }

  @Test
  void aMessageIsEditedAndTakenBack() {
    Reply edited = http.call("PATCH", MESSAGES + "/7", "alice", "{\"text\":\"Höla\"}", KEY);
    assertThat(edited.status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Edit(7, Content.Text.of("Höla")));
    assertThat(http.call("PATCH", MESSAGES + "/7", "alice", "{\"text\":\"Höla\"}", KEY).status())
        .isEqualTo(200);
    http.call("PATCH", MESSAGES + "/7", "alice", "{\"body\":\"AAEC\"}");
    assertThat(sent())
        .isEqualTo(new Change.Edit(7, new Content.Body(ByteString.copyFrom(new byte[] {0, 1, 2}))));
    refused(http.call("PATCH", MESSAGES + "/7", "alice", "{}"), 400, ErrorCode.INVALID_CONTENT);
    assertThat(http.call("DELETE", MESSAGES + "/7", "alice", "").status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Recall(7));
    Reply wrong = http.call("DELETE", MESSAGES + "/0", "alice", "");
    assertThat(refused(wrong, 400, ErrorCode.INVALID_ID).getString("outcome"))
        .isEqualTo("NOT_APPLIED");
  }

  @Test
  void anEditMayBeAsLargeAsAMessage() {
    String content = "{\"text\":\"" + "x".repeat(1_000) + "\"}";
    refused(
        http.call("PATCH", MESSAGES + "/7", "alice", "{\"text\":\"" + "x".repeat(1_001) + "\"}"),
        413,
        ErrorCode.BODY_TOO_LARGE);
    assertThat(http.call("PATCH", MESSAGES + "/7", "alice", content).status()).isEqualTo(201);
  }

  @Test
  void reactionsComeAndGo() {
    String thumb = MESSAGES + "/7/reactions/%F0%9F%91%8D";
    assertThat(http.call("PUT", thumb, "alice", "").status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.React(7, "👍", false));
    assertThat(http.call("DELETE", thumb, "alice", "", KEY).status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.React(7, "👍", true));
    assertThat(http.call("DELETE", thumb, "alice", "", KEY).status()).isEqualTo(200);
    http.call("PUT", MESSAGES + "/7/reactions/:%2B1:", "alice", "");
    assertThat(sent()).isEqualTo(new Change.React(7, ":+1:", false));
    refused(
        http.call("PUT", MESSAGES + "/7/reactions/" + "x".repeat(33), "alice", ""),
        400,
        ErrorCode.INVALID_CONTENT);
    refused(http.call("PUT", MESSAGES + "/0/reactions/x", "alice", ""), 400, ErrorCode.INVALID_ID);
  }

  // ---- blocks

  @Test
  void aBlockIsAnEntryOfTheDirectConversation() {
    Reply blocked = http.call("PUT", "/v1/blocks/zo%C3%AB", "alice", "");
    assertThat(blocked.status()).isEqualTo(201);
    assertThat(blocked.text("conversation")).isEqualTo("d~alice~zoë");
    assertThat(blocked.header("location"))
        .isEqualTo("/v1/conversations/d~alice~zo%C3%AB/messages/1");
    assertThat(sent()).isEqualTo(new Change.Block());
    assertThat(http.call("DELETE", "/v1/blocks/zo%C3%AB", "alice", "").status()).isEqualTo(201);
    assertThat(sent()).isEqualTo(new Change.Unblock());
  }

  // ---- users

  @Test
  void devicesAndSessionsAreListed() {
    assertThat(http.get("/v1/users/me/devices", "alice").json())
        .isEqualTo(
            new JsonObject(
                """
                {"devices":[{"device":"phone","createdMs":"5","connected":true},
                            {"device":"tablet","lastSeenMs":"7"}]}\
                """));
    assertThat(http.get("/v1/users/alice/sessions", "alice").json())
        .isEqualTo(
            new JsonObject(
                """
                {"sessions":[{"device":"phone","sessionGeneration":"3","node":"node-1"}]}\
                """));
    assertThat(http.get("/v1/users/me/devices", "bob").json()).isEqualTo(new JsonObject());
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /devices, devices alice",
    "DELETE, /devices/phone, revoke alice phone",
    "GET, /sessions, sessions alice",
    "DELETE, /sessions, revoke alice",
    "DELETE, '', erase alice"
  })
  void aUserIsForHimselfAndForServices(String method, String path, String order) {
    int done = method.equals("GET") ? 200 : 204;
    String alice = "/v1/users/alice" + path;
    refused(http.call(method, alice, "bob", ""), 403, ErrorCode.NOT_ALLOWED);
    refused(
        http.call(method, alice, "", "", SERVICE, "Quipu-User: bob"), 403, ErrorCode.NOT_ALLOWED);
    assertThat(http.people.asked).isEmpty();
    assertThat(http.call(method, alice, "alice", "").status()).isEqualTo(done);
    assertThat(http.people.asked).isEqualTo(order);
    http.people.asked = "";
    assertThat(http.call(method, "/v1/users/me" + path, "alice", "").status()).isEqualTo(done);
    assertThat(http.people.asked).isEqualTo(order);
    http.people.asked = "";
    assertThat(http.call(method, alice, "", "", SERVICE).status()).isEqualTo(done);
    assertThat(http.people.asked).isEqualTo(order);
    http.people.asked = "";
    assertThat(
            http.call(method, "/v1/users/me" + path, "", "", SERVICE, "Quipu-User: alice").status())
        .isEqualTo(done);
    assertThat(http.people.asked).isEqualTo(order);
  }

  @Test
  void aServiceLearnsWhomThereIsNot() {
    for (String path : List.of("", "/sessions", "/devices/phone")) {
      Reply reply = http.call("DELETE", "/v1/users/nobody" + path, "", "", SERVICE);
      refused(reply, 404, ErrorCode.INVALID_REQUEST);
    }
    refused(
        http.call("DELETE", "/v1/users/me/devices/fridge", "alice", ""),
        404,
        ErrorCode.INVALID_REQUEST);
    for (String path : List.of("", "/sessions")) {
      refused(
          http.call("DELETE", "/v1/users/me" + path, "", "", SERVICE), 403, ErrorCode.NOT_ALLOWED);
    }
  }

  @Test
  void aUserMayBeCalledMe() {
    http.get("/v1/users/me/devices", "me");
    assertThat(http.people.asked).isEqualTo("devices me");
    http.call("GET", "/v1/users/me/devices", "", "", SERVICE);
    assertThat(http.people.asked).isEqualTo("devices system");
  }

  @Test
  void presenceIsToldAsTheCallerMaySeeIt() {
    Reply reply = http.get("/v1/users/bob/presence", "alice");
    assertThat(reply.json())
        .isEqualTo(new JsonObject().put("user", "bob").put("online", true).put("lastSeenMs", "9"));
    assertThat(http.people.asked).isEqualTo("presence alice bob");
    http.call("GET", "/v1/users/bob/presence", "", "", SERVICE);
    assertThat(http.people.asked).isEqualTo("presence - bob");
    http.call("GET", "/v1/users/bob/presence", "", "", SERVICE, "Quipu-User: alice");
    assertThat(http.people.asked).isEqualTo("presence alice bob");
    http.get("/v1/users/me/presence", "alice");
    assertThat(http.people.asked).isEqualTo("presence alice alice");
  }

  // ---- the same for all

  @Test
  void whoMayGetMayAskForTheHeadAlone() {
    for (String path : List.of(ONE, MESSAGES, MESSAGES + "/7", "/v1/blocks", "/v1/openapi.json")) {
      Reply got = http.get(path, "alice");
      Reply head = http.call("HEAD", path, "alice", "");
      assertThat(head.status()).isEqualTo(200);
      assertThat(head.body()).isEmpty();
      assertThat(head.header("content-length")).isEqualTo(got.header("content-length"));
    }
    assertThat(http.call("HEAD", MESSAGES + "/8", "alice", "").status()).isEqualTo(404);
    assertThat(http.call("HEAD", "/v1/users/me", "alice", "").header("allow")).isEqualTo("DELETE");
  }

  @Test
  void onlySendsHaveAnOutcome() {
    http.storeFails = Optional.of(new QuipuException(ErrorCode.STORE_DOWN, "no answer"));
    for (String path : List.of(MESSAGES, "/v1/blocks", ONE + "/sends/" + ID)) {
      assertThat(http.call("GET", path, "alice", "", KEY).json().containsKey("outcome")).isFalse();
    }
    assertThat(http.call("POST", MESSAGES, "", "{\"text\":\"a\"}").text("outcome"))
        .isEqualTo("NOT_APPLIED");
    assertThat(http.call("PUT", "/v1/blocks/bob", "", "", KEY).text("outcome"))
        .isEqualTo("UNKNOWN");
    for (String path : List.of(ONE + "/read", ONE + "/mute")) {
      assertThat(http.call("PUT", path, "alice", "x").json().containsKey("outcome")).isFalse();
    }
  }

  private Change sent() {
    return ((Content.Changed) http.lastSent().content()).change();
  }

  private static JsonObject message(String seq, String sender) {
    return new JsonObject()
        .put("seq", seq)
        .put("sender", sender)
        .put("clientMessageId", "00000000-0000-0001-0000-000000000002")
        .put("storedAtMs", "" + HttpFixture.UNIX_MS)
        .put("text", "höla \"7\"");
  }

  static JsonObject refused(Reply reply, int status, ErrorCode code) {
    return HttpFaceTest.refused(reply, status, code);
  }
}
