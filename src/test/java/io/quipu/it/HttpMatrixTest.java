package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.it.HttpCaller.Reply;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Who may do what, over HTTP on a real node: each cell is the status, and the code of a problem, in
 * a conversation that was made for this cell.
 *
 * <p>{@code former} was a member and was removed, {@code stranger} never was one, {@code system} is
 * a service that names no user, {@code service} is one that names the member (of a direct
 * conversation: the peer).
 */
final class HttpMatrixTest {
  /**
   * 1 create with owner, admin, deputy (another admin), member, extra (another member), former; 2
   * and 3 roles; 4 by the member; 5 by the owner; 6 by the member, recalled with 7; 8 removes
   * former.
   */
  private static final String GROUP =
      """
      verb                                            owner    admin    member   former   stranger  system   service
      GET /conversations                              200      200      200      200      200       200      200
      GET C                                           200      200      200      200      404/300   404/300  200
      PATCH C {"title":"x"}                           201      201      403/305  403/301  404/300   201      403/305
      PATCH C {"settings":{"history":"ALL"}}          201      201      403/305  403/301  404/300   201      403/305
      GET C/members                                   200      200      200      403/301  404/300   200      200
      GET C/receipts                                  200      200      200      403/301  404/300   200      200
      POST C/members {"members":["NEW"]}              201      201      403/305  403/301  404/300   201      403/305
      PATCH C/members/EXTRA {"role":"ADMIN"}          201      403/305  403/305  403/301  404/300   201      403/305
      PATCH C/members/OWNER {"role":"ADMIN"}          403/305  403/305  403/305  403/301  404/300   403/305  403/305
      PATCH C/members/NEW {"role":"ADMIN"}            403/305  403/305  403/305  403/301  404/300   403/305  403/305
      DELETE C/members/EXTRA                          201      201      403/305  403/301  404/300   201      403/305
      DELETE C/members/DEPUTY                         201      403/305  403/305  403/301  404/300   201      403/305
      DELETE C/members/OWNER                          403/305  403/305  403/305  403/301  404/300   403/305  403/305
      DELETE C/members/SELF                           403/305  201      201      403/301  404/300   403/305  201
      GET C/messages                                  200      200      200      200      404/300   404/300  200
      GET C/messages/4                                200      200      200      200      404/300   404/300  200
      GET C/messages/8                                200      200      200      200      404/300   404/300  200
      GET C/messages/99                               404/310  404/310  404/310  404/310  404/300   404/300  404/310
      POST C/messages {"text":"x"}                    201      201      201      403/301  404/300   201      201
      PATCH C/messages/4 {"text":"x"}                 201      201      201      403/301  404/300   201      201
      PATCH C/messages/5 {"text":"x"}                 201      201      403/305  403/301  404/300   201      403/305
      PATCH C/messages/6 {"text":"x"}                 409/311  409/311  409/311  403/301  404/300   409/311  409/311
      PATCH C/messages/1 {"text":"x"}                 404/310  404/310  404/310  403/301  404/300   404/310  404/310
      PATCH C/messages/99 {"text":"x"}                404/310  404/310  404/310  403/301  404/300   404/310  404/310
      DELETE C/messages/4                             201      201      201      403/301  404/300   201      201
      DELETE C/messages/5                             201      201      403/305  403/301  404/300   201      403/305
      DELETE C/messages/6                             409/311  409/311  409/311  403/301  404/300   409/311  409/311
      DELETE C/messages/99                            404/310  404/310  404/310  403/301  404/300   404/310  404/310
      PUT C/messages/4/reactions/+                    201      201      201      403/301  404/300   403/305  201
      PUT C/messages/6/reactions/+                    409/311  409/311  409/311  403/301  404/300   403/305  409/311
      PUT C/messages/99/reactions/+                   404/310  404/310  404/310  403/301  404/300   403/305  404/310
      DELETE C/messages/4/reactions/+                 201      201      201      403/301  404/300   403/305  201
      GET C/messages/4/reactions                      200      200      200      200      404/300   404/300  200
      GET C/messages/99/reactions                     404/310  404/310  404/310  404/310  404/300   404/300  404/310
      GET C/sends/ID                                  200      200      200      200      404/300   200      200
      POST C/sends/ID/cancel                          200      200      200      200      404/300   200      200
      PUT C/read {"seq":4}                            204      204      204      204      404/300   404/300  204
      PUT C/read {"seq":99}                           400/108  400/108  400/108  400/108  404/300   404/300  400/108
      PUT C/mute {"untilMs":0}                        204      204      204      204      404/300   404/300  204
      """;

  /**
   * 1 by the peer, 2 by the other one; in the columns blocker (the other one) and blocked (the
   * peer) 3 is the block.
   */
  private static final String DIRECT =
      """
      verb                                            peer     blocker  blocked  stranger  system   service
      GET C                                           200      200      200      404/300   404/300  200
      PATCH C {"title":"x"}                           403/305  403/305  404/300  404/300   403/305  403/305
      PATCH C {"settings":{"history":"ALL"}}          403/305  403/305  404/300  404/300   403/305  403/305
      POST C/members {"members":["NEW"]}              403/305  403/305  404/300  404/300   403/305  403/305
      PATCH C/members/OTHER {"role":"ADMIN"}          403/305  403/305  404/300  404/300   403/305  403/305
      DELETE C/members/OTHER                          403/305  403/305  404/300  404/300   403/305  403/305
      DELETE C/members/SELF                           403/305  403/305  404/300  404/300   403/305  403/305
      GET C/receipts                                  200      200      200      404/300   200      200
      GET C/messages                                  200      200      200      404/300   404/300  200
      GET C/messages/1                                200      200      200      404/300   404/300  200
      GET C/messages/99                               404/310  404/310  404/310  404/300   404/300  404/310
      POST C/messages {"text":"x"}                    201      403/305  404/300  404/300   201      201
      PATCH C/messages/1 {"text":"x"}                 201      403/305  404/300  404/300   201      201
      PATCH C/messages/2 {"text":"x"}                 403/305  403/305  404/300  404/300   201      403/305
      DELETE C/messages/1                             201      403/305  404/300  404/300   201      201
      DELETE C/messages/2                             403/305  201      404/300  404/300   201      403/305
      PUT C/messages/1/reactions/+                    201      403/305  404/300  404/300   403/305  201
      GET C/messages/1/reactions                      200      200      200      404/300   404/300  200
      GET C/sends/ID                                  200      200      200      404/300   200      200
      PUT C/read {"seq":1}                            204      204      204      404/300   404/300  204
      PUT C/mute {"untilMs":0}                        204      204      204      404/300   404/300  204
      POST /conversations {"user":"OTHER"}            200      200      200      200       200      200
      POST /direct/OTHER/messages {"text":"x"}        201      403/305  404/300  201       201      201
      PUT /blocks/OTHER                               201      201      201      201       403/305  201
      DELETE /blocks/OTHER                            403/305  201      404/300  403/305   403/305  403/305
      GET /blocks                                     200      200      200      200       200      200
      """;

  /** The user has written, and has no device. */
  private static final String USERS =
      """
      verb                              self     other    system   service
      GET /users/U/presence             200      200      200      200
      GET /users/U/devices              200      403/305  200      200
      GET /users/U/sessions             200      403/305  200      200
      DELETE /users/U/devices/phone     404/111  403/305  404/111  404/111
      DELETE /users/U/sessions          204      403/305  204      204
      DELETE /users/U                   204      403/305  204      204
      """;

  private static final String ID = "01890a5d-ac96-774b-bcce-b302099a8057";
  private static TestNode node;

  @BeforeAll
  static void start() {
    node = TestNode.start(Map.of("QUIPU_AUTH_DEVELOPMENT", "true"));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @TestFactory
  Stream<DynamicTest> ofAGroup() {
    return lines(GROUP, Group::answer);
  }

  @TestFactory
  Stream<DynamicTest> ofADirectConversation() {
    return lines(DIRECT, Direct::answer);
  }

  @TestFactory
  Stream<DynamicTest> ofAUser() {
    return lines(USERS, HttpMatrixTest::answerAboutAUser);
  }

  private static String answerAboutAUser(String verb, String role) {
    String user = TestNode.fresh("user");
    HttpCaller.user(node, user).done("POST /direct/" + user + "/messages {\"text\":\"note\"}");
    String asker = role.equals("other") ? user + "-other" : user;
    return caller(role, asker, user).ask(verb.replace("/U", "/" + user)).inShort();
  }

  @Test
  void aTokenIsNoGoodAfterItsUserHasEndedAllSessionsOrIsErased() {
    String user = TestNode.fresh("user");
    HttpCaller caller = HttpCaller.user(node, user);
    caller.done("POST /direct/" + user + "/messages {\"text\":\"note\"}");
    caller.done("DELETE /users/me/sessions");
    Awaitility.await().until(() -> caller.ask("GET /conversations").inShort().equals("401/206"));
    HttpCaller.system(node).done("DELETE /users/" + user);
    Awaitility.await().until(() -> caller.ask("GET /conversations").inShort().equals("403/207"));
    HttpCaller service = HttpCaller.serviceFor(node, user);
    assertThat(service.ask("POST /direct/" + user + "/messages {\"text\":\"x\"}").inShort())
        .isEqualTo("403/207");
    assertThat(HttpCaller.system(node).ask("DELETE /users/" + user).inShort()).isEqualTo("204");
  }

  @Test
  void aStrangerIsToldWhatHeIsToldOfAGroupThatIsNotThere() {
    String key = UUID.randomUUID().toString();
    for (String verb : verbs(GROUP)) {
      if (verb.contains(" C")) {
        Group group = Group.make();
        HttpCaller stranger = HttpCaller.user(node, group.stranger()).with("Idempotency-Key", key);
        String request = group.request(verb, "stranger");
        String absent = "g~" + "7".repeat(24);
        Map<String, String> answer = bare(stranger.ask(request));
        answer.computeIfPresent("body", (name, body) -> body.replace(group.id(), absent));
        assertThat(answer)
            .as(verb)
            .isEqualTo(bare(stranger.ask(request.replace(group.id(), absent))));
      }
    }
  }

  @Test
  void theBlockedOneIsToldWhatAStrangerIsTold() {
    String key = UUID.randomUUID().toString();
    for (String verb : List.of("POST C/messages {\"text\":\"x\"}", "DELETE C/messages/1")) {
      Direct direct = Direct.make("blocked");
      HttpCaller peer = HttpCaller.user(node, direct.peer()).with("Idempotency-Key", key);
      HttpCaller stranger =
          HttpCaller.user(node, direct.peer() + "-x").with("Idempotency-Key", key);
      assertThat(bare(peer.ask(direct.request(verb, "blocked"))))
          .as(verb)
          .isEqualTo(bare(stranger.ask(direct.request(verb, "stranger"))));
    }
  }

  @Test
  void theLastMemberMayLeaveAndASecondOwnerMayToo() {
    String owner = TestNode.fresh("owner");
    String second = TestNode.fresh("second");
    HttpCaller caller = HttpCaller.user(node, owner);
    String group =
        "/conversations/"
            + caller
                .done("POST /conversations {\"members\":[\"" + second + "\"]}")
                .getString("conversation");
    caller.done("PATCH " + group + "/members/" + second + " {\"role\":\"OWNER\"}");
    assertThat(caller.ask("DELETE " + group + "/members/" + owner).inShort()).isEqualTo("201");
    assertThat(caller.ask("DELETE " + group + "/members/" + owner).inShort()).isEqualTo("403/301");
    HttpCaller other = HttpCaller.user(node, second);
    assertThat(other.ask("DELETE " + group + "/members/" + second).inShort()).isEqualTo("201");
  }

  @Test
  void membersAddWhereTheGroupSaysSo() {
    Group group = Group.make();
    HttpCaller member = HttpCaller.user(node, group.member());
    String add = group.request("POST C/members {\"members\":[\"NEW\"]}", "member");
    assertThat(member.ask(add).inShort()).isEqualTo("403/305");
    HttpCaller.user(node, group.owner())
        .done(group.request("PATCH C {\"settings\":{\"whoAdds\":\"MEMBERS\"}}", "owner"));
    assertThat(member.ask(add).inShort()).isEqualTo("201");
  }

  @Test
  void aPageIsGoodForItsOwnListOnly() {
    Group group = Group.make();
    HttpCaller owner = HttpCaller.user(node, group.owner());
    String other =
        "/conversations/" + owner.done("POST /conversations {}").getString("conversation");
    String page = owner.done(group.request("GET C/members?limit=1", "owner")).getString("nextPage");
    assertThat(page).isNotEmpty();
    assertThat(owner.ask(group.request("GET C/members?page=" + page, "owner")).inShort())
        .isEqualTo("200");
    for (String list :
        List.of("/conversations", "/blocks", other + "/members", "C/messages/4/reactions")) {
      assertThat(owner.ask(group.request("GET " + list + "?page=" + page, "owner")).inShort())
          .as(list)
          .isEqualTo("400/111");
    }
    HttpCaller admin = HttpCaller.user(node, group.admin());
    assertThat(admin.ask(group.request("GET C/members?page=" + page, "admin")).inShort())
        .isEqualTo("400/111");
    for (String wrong : List.of("x", page + "A", page.substring(1), "%00", "a".repeat(2_000))) {
      assertThat(owner.ask(group.request("GET C/members?page=" + wrong, "owner")).inShort())
          .as(wrong)
          .isEqualTo("400/111");
    }
  }

  // ---- tables

  /** A test for each line; its cells are asked for at the same time. */
  private static Stream<DynamicTest> lines(
      String table, BiFunction<String, String, String> answer) {
    List<List<String>> lines = table.lines().map(HttpCaller::cells).toList();
    List<String> columns = lines.get(0).subList(1, lines.get(0).size());
    return lines.stream()
        .skip(1)
        .map(
            line -> {
              String verb = line.get(0);
              return DynamicTest.dynamicTest(
                  verb,
                  () ->
                      assertThat(
                              columns.parallelStream()
                                  .map(role -> role + " " + answer.apply(verb, role))
                                  .toList())
                          .as(verb)
                          .isEqualTo(
                              IntStream.range(0, columns.size())
                                  .mapToObj(i -> columns.get(i) + " " + line.get(i + 1))
                                  .toList()));
            });
  }

  private static List<String> verbs(String table) {
    return table.lines().skip(1).map(line -> HttpCaller.cells(line).get(0)).toList();
  }

  /** All that the asker gets to see; names of conversations are as long as each other. */
  private static Map<String, String> bare(Reply reply) {
    Map<String, String> seen = new LinkedHashMap<>();
    seen.put("status", "" + reply.status());
    seen.put("body", reply.body());
    reply.headers().forEach((name, values) -> seen.put(name, values.toString()));
    return seen;
  }

  private static HttpCaller caller(String role, String user, String served) {
    return switch (role) {
      case "system" -> HttpCaller.system(node);
      case "service" -> HttpCaller.serviceFor(node, served);
      default -> HttpCaller.user(node, user);
    };
  }

  /** A group with somebody in each role; their names end with the same number. */
  private record Group(String id, String suffix) {
    static Group make() {
      String suffix = TestNode.fresh("");
      Group names = new Group("", suffix);
      HttpCaller owner = HttpCaller.user(node, names.owner());
      String members =
          String.join(
              "\",\"",
              names.admin(),
              "deputy" + suffix,
              names.member(),
              "extra" + suffix,
              "former" + suffix);
      String id =
          owner
              .done("POST /conversations {\"members\":[\"" + members + "\"]}")
              .getString("conversation");
      Group group = new Group(id, suffix);
      HttpCaller member = HttpCaller.user(node, group.member());
      owner.done(group.request("PATCH C/members/ADMIN {\"role\":\"ADMIN\"}", "owner"));
      owner.done(group.request("PATCH C/members/DEPUTY {\"role\":\"ADMIN\"}", "owner"));
      member.done(group.request("POST C/messages {\"text\":\"four\"}", "member"));
      owner.done(group.request("POST C/messages {\"text\":\"five\"}", "owner"));
      member.done(group.request("POST C/messages {\"text\":\"six\"}", "member"));
      member.done(group.request("DELETE C/messages/6", "member"));
      owner.done(group.request("DELETE C/members/FORMER", "owner"));
      return group;
    }

    static String answer(String verb, String role) {
      Group group = make();
      HttpCaller caller = caller(role, role + group.suffix, group.member());
      return caller.ask(group.request(verb, role)).inShort();
    }

    String owner() {
      return "owner" + suffix;
    }

    String admin() {
      return "admin" + suffix;
    }

    String member() {
      return "member" + suffix;
    }

    String stranger() {
      return "stranger" + suffix;
    }

    String request(String verb, String role) {
      String self =
          switch (role) {
            case "service" -> member();
            case "system" -> "system";
            default -> role + suffix;
          };
      return verb.replaceFirst(" C(?=[/ ?]|$)", " /conversations/" + id)
          .replace("OWNER", verb.contains("\"OWNER\"") ? "OWNER" : owner())
          .replace("members/ADMIN", "members/" + admin())
          .replace("DEPUTY", "deputy" + suffix)
          .replace("EXTRA", "extra" + suffix)
          .replace("FORMER", "former" + suffix)
          .replace("NEW", "new" + suffix)
          .replace("SELF", self)
          .replace("ID", ID);
    }
  }

  /** A direct conversation of two who have both written. */
  private record Direct(String peer, String other) {
    static Direct make(String role) {
      String suffix = TestNode.fresh("");
      Direct direct = new Direct("a" + suffix, "b" + suffix);
      HttpCaller peer = HttpCaller.user(node, direct.peer);
      HttpCaller other = HttpCaller.user(node, direct.other);
      peer.done("POST /direct/" + direct.other + "/messages {\"text\":\"one\"}");
      other.done("POST /direct/" + direct.peer + "/messages {\"text\":\"two\"}");
      if (role.equals("blocker") || role.equals("blocked")) {
        other.done("PUT /blocks/" + direct.peer);
      }
      return direct;
    }

    static String answer(String verb, String role) {
      Direct direct = make(role);
      return caller(role, direct.self(role), direct.peer).ask(direct.request(verb, role)).inShort();
    }

    private String self(String role) {
      return switch (role) {
        case "blocker" -> other;
        case "stranger" -> "stranger-" + peer;
        case "system" -> "system";
        default -> peer;
      };
    }

    String request(String verb, String role) {
      return verb.replaceFirst(" C(?=[/ ?]|$)", " /conversations/d~" + peer + "~" + other)
          .replace("OTHER", role.equals("blocker") ? peer : other)
          .replace("NEW", "new-" + peer)
          .replace("SELF", self(role))
          .replace("ID", ID);
    }
  }
}
