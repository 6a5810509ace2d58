package io.quipu.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.server.http.HttpFixture.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who acts: a user for himself only, a service for whom it names. */
class ActingUserTest {
  private static final String MESSAGES = "/v1/direct/bob/messages";
  private static final String BODY = "{\"text\":\"Hello\"}";
  private static final String SERVICE = "Authorization: Bearer " + HttpFixture.SERVICE_TOKEN;

  private final HttpFixture http = new HttpFixture(HttpFixture.RULES);

  @AfterEach
  void close() {
    http.close();
  }

  @Test
  void aServiceActsForTheUserWhomItNames() {
    Reply reply = http.call("POST", MESSAGES, "", BODY, SERVICE, "Quipu-User: alice");
    assertThat(reply.status()).isEqualTo(201);
    assertThat(http.lastSent().id().user()).isEqualTo(new UserId("alice"));
    assertThat(reply.text("conversation")).isEqualTo("d~alice~bob");
  }

  @Test
  void aServiceThatNamesNobodyIsTheSystem() {
    http.call("POST", "/v1/conversations/g~abcdefghijklmnopqrstuvwx/messages", "", BODY, SERVICE);
    assertThat(http.lastSent().id().user()).isEqualTo(UserId.SYSTEM);
  }

  @Test
  void aUserActsForNobodyElse() {
    Reply own = http.call("POST", MESSAGES, "alice", BODY, "Quipu-User: alice");
    assertThat(own.status()).isEqualTo(201);
    for (String other : new String[] {"carol", "system", "Alice"}) {
      Reply reply = http.call("POST", MESSAGES, "alice", BODY, "Quipu-User: " + other);
      assertThat(reply.status()).isEqualTo(403);
      assertThat(reply.json().getInteger("code")).isEqualTo(ErrorCode.NOT_ALLOWED.code());
      assertThat(reply.text("outcome")).isEqualTo("NOT_APPLIED");
    }
    assertThat(http.sends()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"a/b,105", "a b,105", "'',105", "a~b,105"})
  void aNameThatIsNoneIsRefused(String name, int code) {
    Reply reply = http.call("POST", MESSAGES, "", BODY, SERVICE, "Quipu-User: " + name);
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.json().getInteger("code")).isEqualTo(code);
    assertThat(http.sends()).isZero();
  }

  @Test
  void twoNamesAreRefused() {
    Reply reply =
        http.call("POST", MESSAGES, "", BODY, SERVICE, "Quipu-User: alice", "Quipu-User: alice");
    assertThat(reply.status()).isEqualTo(400);
    assertThat(http.sends()).isZero();
  }
}
