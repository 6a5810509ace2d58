package io.quipu.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames and errors end in logs; what people write and who they prove to be must not. */
class FrameSecrecyTest {
  private static final String SECRET = "tops3cret";
  private static final UUID ID = new UUID(7, 7);
  private static final UserId ALICE = new UserId("alice");
  private static final ConversationId SELF = ConversationId.direct(ALICE, ALICE);

  @Test
  void tokensAreNotPrinted() {
    Frame connect = new Frame.Connect(1, SECRET, new DeviceId("phone"), "client");
    assertThat(connect.toString()).doesNotContain(SECRET).contains("phone");
    assertThat(new Frame.Renew(SECRET).toString()).doesNotContain(SECRET);
  }

  @Test
  void whatIsSentAndDeliveredIsNotPrinted() {
    List<Content> contents =
        List.of(
            Content.Text.of(SECRET),
            new Content.Body(ByteString.copyFromUtf8(SECRET)),
            new Content.Changed(new Change.Rename(SECRET)));
    for (Content content : contents) {
      Frame send = new Frame.Send(1, ID, Optional.of(SELF), Optional.empty(), false, content);
      Message message = new Message(1, ALICE, ID, 0, content);
      MessageRange range = new MessageRange(SELF, 1, 1, List.of(message), List.of());
      assertThat(send.toString()).doesNotContain(SECRET).contains("d~alice~alice");
      assertThat(new Frame.Deliver(range, false).toString()).doesNotContain(SECRET);
      assertThat(new Frame.SyncPage(1, 1, List.of(range), List.of()).toString())
          .doesNotContain(SECRET);
      assertThat(new Frame.HistoryPage(1, range, false).toString()).doesNotContain(SECRET);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"renew\":{\"token\":tops3cret}}",
        "{\"renew\":{\"token\":\"tops3cret",
        "{\"renew\":{\"token\":\"tops3cret\\q\"}}",
        "tops3cret",
        "{\"renew\":{\"token\":[\"tops3cret\"]}}",
        "{\"send\":{\"clientSeq\":1,\"body\":\"tops3cret*\"}}",
        "{\"ping\":{\"nonce\":\"tops3cret\"}}",
        "{\"tops3cret\":1,\"tops3cret\":2}"
      })
  void whatIsNotJsonIsNotRepeatedInTheError(String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    try {
      new JsonCodec().decode(bytes, 0, bytes.length);
      throw new AssertionError("taken for a frame: " + json);
    } catch (QuipuException e) {
      assertThat(e.toString()).doesNotContain(SECRET);
    }
  }
}
