package io.quipu.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FrameCodecTest {
  private static final long SEED = 20261121;

  static FrameCodec[] dresses() {
    return new FrameCodec[] {new BinaryCodec(), new JsonCodec()};
  }

  @ParameterizedTest
  @MethodSource("dresses")
  void everyFrameComesBackAsItWas(FrameCodec codec) {
    for (int type = 0; type < RandomFrames.TYPES.size(); type++) {
      RandomFrames random = new RandomFrames(SEED + type);
      for (int i = 0; i < 300; i++) {
        Frame frame = RandomFrames.TYPES.get(type).apply(random);
        byte[] bytes = codec.encode(frame);
        assertThat(codec.decode(bytes, 0, bytes.length))
            .as("seed %d, no. %d", SEED + type, i)
            .isEqualTo(frame);
      }
    }
  }

  @Test
  void theRandomFramesAreOfEveryTypeThatIsEverEncoded() {
    Set<Class<?>> expected = new HashSet<>(Arrays.asList(Frame.class.getPermittedSubclasses()));
    expected.remove(Frame.InvalidSend.class);
    Set<Class<?>> made = new HashSet<>();
    RandomFrames.TYPES.forEach(type -> made.add(type.apply(new RandomFrames(SEED)).getClass()));
    assertThat(made).isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("dresses")
  void aFrameIsReadFromTheMiddleOfABuffer(FrameCodec codec) {
    RandomFrames random = new RandomFrames(SEED);
    for (int i = 0; i < 200; i++) {
      Frame frame = random.next();
      byte[] bytes = codec.encode(frame);
      byte[] buffer = new byte[bytes.length + 20];
      Arrays.fill(buffer, (byte) 0xff);
      System.arraycopy(bytes, 0, buffer, 7, bytes.length);
      assertThat(codec.decode(buffer, 7, bytes.length)).isEqualTo(frame);
    }
  }

  @ParameterizedTest
  @MethodSource("dresses")
  void aSendThatIsWrongIsNeverEncoded(FrameCodec codec) {
    Frame wrong = new Frame.InvalidSend(1, new UUID(0, 0), false, ErrorCode.INVALID_ID, "no id");
    assertThatThrownBy(() -> codec.encode(wrong)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @MethodSource("dresses")
  void aBodyDoesNotHoldOnToTheBufferItCameIn(FrameCodec codec) {
    Content body = new Content.Body(ByteString.copyFromUtf8("as it was sent"));
    Content text = Content.Text.of("as it was sent");
    for (Content content : List.of(body, text)) {
      Frame frame =
          new Frame.Send(
              1, new UUID(1, 1), Optional.empty(), Optional.of(new UserId("bob")), false, content);
      byte[] buffer = codec.encode(frame).clone();
      Frame decoded = codec.decode(buffer, 0, buffer.length);
      Arrays.fill(buffer, (byte) 'x');
      assertThat(decoded).isEqualTo(frame);
    }
  }

  /** Protobuf's own reading and writing of the JSON mapping agrees with ours. */
  @Test
  void jsonIsThatOfProtobuf() throws InvalidProtocolBufferException {
    RandomFrames random = new RandomFrames(SEED);
    JsonCodec codec = new JsonCodec();
    for (int i = 0; i < 2_000; i++) {
      Frame frame = random.next();
      var theirs = io.quipu.protocol.wire.Frame.newBuilder();
      String ours = new String(codec.encode(frame), StandardCharsets.UTF_8);
      JsonFormat.parser().merge(ours, theirs);
      assertThat(FromWire.frame(theirs.build())).isEqualTo(frame);
      byte[] printed = JsonFormat.printer().print(theirs).getBytes(StandardCharsets.UTF_8);
      assertThat(codec.decode(printed, 0, printed.length)).isEqualTo(frame);
    }
  }
}
