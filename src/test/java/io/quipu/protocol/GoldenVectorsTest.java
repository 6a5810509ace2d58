package io.quipu.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both codecs are held to src/test/resources/vectors, whose bytes no Java code has made. */
class GoldenVectorsTest {
  private static final FrameCodec BINARY = new BinaryCodec();
  private static final FrameCodec JSON = new JsonCodec();
  private static final HexFormat HEX = HexFormat.of();

  static Stream<JsonObject> vectors() {
    return Stream.of("connection", "send", "deliver", "sync", "outcomes", "changes", "lists")
        .flatMap(file -> objects(file, "vectors"));
  }

  static Stream<JsonObject> accepted() {
    return objects("accepted", "accepted");
  }

  static Stream<JsonObject> bad() {
    return objects("bad", "bad");
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void bothDressesAreWrittenAsTheVectorSays(JsonObject vector) {
    String json = vector.getJsonObject("json").encode();
    Frame frame = decode(JSON, json.getBytes(StandardCharsets.UTF_8));
    assertThat(HEX.formatHex(BINARY.encode(frame))).isEqualTo(vector.getString("binary"));
    assertThat(HEX.formatHex(LengthPrefix.withFrame(BINARY.encode(frame))))
        .isEqualTo(vector.getString("tcp"));
    String written = new String(JSON.encode(frame), StandardCharsets.UTF_8);
    assertThat(new JsonObject(written)).isEqualTo(vector.getJsonObject("json"));
    assertThat(written).doesNotContain("\n");
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void allThreeDressesAreReadAsTheSameFrame(JsonObject vector) {
    Frame ofJson =
        decode(JSON, vector.getJsonObject("json").encode().getBytes(StandardCharsets.UTF_8));
    assertThat(decode(BINARY, HEX.parseHex(vector.getString("binary")))).isEqualTo(ofJson);
    List<Frame> ofTcp = new ArrayList<>();
    byte[] tcp = HEX.parseHex(vector.getString("tcp"));
    new FrameSplitter(64 * 1024)
        .split(
            tcp,
            0,
            tcp.length,
            (bytes, offset, length) -> ofTcp.add(BINARY.decode(bytes, offset, length)));
    assertThat(ofTcp).containsExactly(ofJson);
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void whatAnotherClientMayWriteIsRead(JsonObject vector) {
    Frame meant =
        decode(JSON, vector.getJsonObject("means").encode().getBytes(StandardCharsets.UTF_8));
    assertThat(decodeInput(vector)).isEqualTo(meant);
  }

  @ParameterizedTest
  @MethodSource("bad")
  void whatIsWrongHasItsCode(JsonObject vector) {
    ErrorCode expected = ErrorCode.valueOf(vector.getString("code"));
    assertThat(expected.code()).isEqualTo(vector.getInteger("number"));
    JsonObject invalidSend = vector.getJsonObject("invalid_send");
    if (invalidSend == null) {
      QuipuException thrown = catchThrowableOfType(QuipuException.class, () -> decodeInput(vector));
      assertThat(thrown).isNotNull();
      assertThat(thrown.code()).as(thrown.getMessage()).isEqualTo(expected);
      return;
    }
    assertThat(decodeInput(vector))
        .isInstanceOfSatisfying(
            Frame.InvalidSend.class,
            send -> {
              assertThat(send.code()).as(send.detail()).isEqualTo(expected);
              assertThat(send.clientSeq()).isEqualTo(invalidSend.getInteger("client_seq"));
              String id = invalidSend.getString("client_message_id");
              assertThat(send.clientMessageId())
                  .isEqualTo(id.isEmpty() ? new UUID(0, 0) : UUID.fromString(id));
            });
  }

  @Test
  void everyFrameHasAVector() {
    Set<Class<?>> expected = new HashSet<>(Arrays.asList(Frame.class.getPermittedSubclasses()));
    expected.remove(Frame.InvalidSend.class);
    Set<Class<?>> found = new HashSet<>();
    vectors()
        .forEach(
            vector ->
                found.add(decode(BINARY, HEX.parseHex(vector.getString("binary"))).getClass()));
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void everyVectorHasANameOfItsOwn() {
    List<String> names =
        Stream.of(vectors(), accepted(), bad())
            .flatMap(all -> all)
            .map(vector -> vector.getString("name"))
            .toList();
    assertThat(names).doesNotHaveDuplicates();
  }

  @Test
  void conversationsAreNamedAsTheVectorsSay() {
    objects("ids", "direct")
        .forEach(
            vector -> {
              JsonArray users = vector.getJsonArray("users");
              UserId one = new UserId(users.getString(0));
              UserId other = new UserId(users.getString(1));
              String name = vector.getString("conversation");
              assertThat(ConversationId.direct(one, other).value()).isEqualTo(name);
              assertThat(new ConversationId(name)).isEqualTo(ConversationId.direct(other, one));
            });
    objects("ids", "groups")
        .forEach(
            vector ->
                assertThat(
                        ConversationId.group(
                            new UserId(vector.getString("creator")),
                            UUID.fromString(vector.getString("client_message_id"))))
                    .isEqualTo(new ConversationId(vector.getString("conversation"))));
  }

  @Test
  void usersAreNamedAsTheVectorsSay() {
    for (Object name : file("ids").getJsonArray("users")) {
      assertThat(new UserId((String) name).value()).isEqualTo(name);
    }
    for (Object name : file("ids").getJsonArray("not_users")) {
      assertThatThrownBy(() -> new UserId((String) name))
          .isInstanceOfSatisfying(
              QuipuException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ID));
    }
  }

  /** Reads what a vector gives: {@code text}, {@code text_hex}, {@code binary} or {@code tcp}. */
  private static Frame decodeInput(JsonObject vector) {
    if (vector.containsKey("text")) {
      return decode(JSON, vector.getString("text").getBytes(StandardCharsets.UTF_8));
    }
    if (vector.containsKey("text_hex")) {
      return decode(JSON, HEX.parseHex(vector.getString("text_hex")));
    }
    if (vector.containsKey("binary")) {
      return decode(BINARY, HEX.parseHex(vector.getString("binary")));
    }
    byte[] tcp = HEX.parseHex(vector.getString("tcp"));
    new FrameSplitter(vector.getInteger("limit"))
        .split(tcp, 0, tcp.length, (bytes, offset, length) -> BINARY.decode(bytes, offset, length));
    throw new AssertionError("the splitter took it");
  }

  private static Frame decode(FrameCodec codec, byte[] bytes) {
    return codec.decode(bytes, 0, bytes.length);
  }

  private static Stream<JsonObject> objects(String file, String key) {
    return file(file).getJsonArray(key).stream().map(JsonObject.class::cast);
  }

  static JsonObject file(String name) {
    try (InputStream in =
        GoldenVectorsTest.class.getResourceAsStream("/vectors/" + name + ".json")) {
      return new JsonObject(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
