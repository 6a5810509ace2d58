package io.quipu.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.QuipuException;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Whatever arrives, a decoder gives a frame or a QuipuException, in memory bounded by the input.
 * More with {@code -Dfuzz.inputs=10000000}, other ones with {@code -Dfuzz.seed=…}.
 */
class FrameFuzzTest {
  private static final int INPUTS = Integer.getInteger("fuzz.inputs", 40_000);
  private static final long SEED = Long.getLong("fuzz.seed", 20261121L);

  /** The most that a byte of input may cost, and a start that any input may cost. */
  private static final int COST_PER_BYTE = 400;

  private static final int COST_TO_BEGIN = 64 * 1024;

  private static final FrameCodec BINARY = new BinaryCodec();
  private static final FrameCodec JSON = new JsonCodec();
  private static final List<String> JSON_PARTS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "null",
          "true",
          "1e999",
          "-1",
          "\"send\":{",
          "\\u0000",
          "\\ud83d",
          "\"seq\":",
          "99999999999999999999",
          "\"change\":{\"create\":{",
          "\"text\":\"\"",
          "\"body\":\"AA==\"",
          "[[[[[[[[[[[[[[[[[[[[",
          " ",
          "\n",
          "\u0000",
          "😀");

  private final Random random = new Random(SEED);

  @Test
  void binaryDecoderTakesRandomAndMutatedBytes() {
    List<byte[]> corpus = corpus("binary");
    for (int i = 0; i < INPUTS; i++) {
      byte[] input = random.nextInt(10) == 0 ? randomBytes() : mutated(corpus);
      check(BINARY, input, i);
    }
  }

  @Test
  void jsonDecoderTakesRandomAndMutatedText() {
    List<byte[]> corpus = corpus("json");
    for (int i = 0; i < INPUTS; i++) {
      byte[] input = random.nextInt(20) == 0 ? randomBytes() : mutated(corpus);
      if (random.nextInt(3) == 0) {
        input = withPart(input);
      }
      check(JSON, input, i);
    }
  }

  @Test
  void splitterTakesRandomAndMutatedStreams() {
    List<byte[]> corpus = corpus("tcp");
    for (int i = 0; i < INPUTS / 10; i++) {
      FrameSplitter splitter = new FrameSplitter(4_096);
      long before = FrameSplitterTest.allocatedBytes();
      int fed = 0;
      try {
        for (int chunk = random.nextInt(8); chunk >= 0; chunk--) {
          byte[] input = random.nextInt(10) == 0 ? randomBytes() : mutated(corpus);
          int at = random.nextInt(input.length + 1);
          fed += input.length;
          splitter.split(input, 0, at, FrameFuzzTest::withinTheChunk);
          splitter.split(input, at, input.length - at, FrameFuzzTest::withinTheChunk);
        }
      } catch (QuipuException expected) {
        assertThat(expected.code().code()).isBetween(100, 101);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + SEED + ", input " + i, e);
      }
      assertThat(FrameSplitterTest.allocatedBytes() - before)
          .isLessThan(COST_TO_BEGIN + 200L * fed);
    }
  }

  private static void withinTheChunk(byte[] bytes, int offset, int length) {
    if (offset < 0 || length < 1 || offset + length > bytes.length || length > 4_096) {
      throw new IllegalStateException(offset + " and " + length + " of " + bytes.length);
    }
  }

  /** A frame that came out must also survive both dresses as it is. */
  private static void check(FrameCodec codec, byte[] input, int number) {
    long limit = COST_TO_BEGIN + (long) COST_PER_BYTE * input.length;
    long before = FrameSplitterTest.allocatedBytes();
    Frame frame = decode(codec, input, number);
    if (FrameSplitterTest.allocatedBytes() - before > limit) {
      before = FrameSplitterTest.allocatedBytes(); // perhaps a class was loaded: once more
      decode(codec, input, number);
      long cost = FrameSplitterTest.allocatedBytes() - before;
      if (cost > limit) {
        throw new AssertionError(cost + " bytes allocated for " + describe(input, number));
      }
    }
    if (!(frame instanceof Frame.InvalidSend)) {
      for (FrameCodec dress : List.of(BINARY, JSON)) {
        byte[] again = dress.encode(frame);
        Frame back = dress.decode(again, 0, again.length);
        if (!back.equals(frame)) {
          throw new AssertionError(frame + " became " + back + ": " + describe(input, number));
        }
      }
    }
  }

  /** The frame, or a Ping where there is none. */
  private static Frame decode(FrameCodec codec, byte[] input, int number) {
    try {
      return codec.decode(input, 0, input.length);
    } catch (QuipuException expected) {
      return new Frame.Ping(0);
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError(describe(input, number), e);
    }
  }

  private static String describe(byte[] input, int number) {
    return "seed " + SEED + ", input " + number + ": " + HexFormat.of().formatHex(input);
  }

  private byte[] randomBytes() {
    byte[] bytes = new byte[random.nextInt(200)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** One to four small changes of a vector. */
  private byte[] mutated(List<byte[]> corpus) {
    byte[] bytes = corpus.get(random.nextInt(corpus.size())).clone();
    for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = joined(bytes, 0, at, bytes, 0, 0);
        case 3 ->
            bytes =
                joined(
                    bytes,
                    0,
                    at,
                    bytes,
                    Math.min(bytes.length, at + 1 + random.nextInt(5)),
                    bytes.length);
        case 4 -> {
          byte[] other = corpus.get(random.nextInt(corpus.size()));
          bytes = joined(bytes, 0, at, other, random.nextInt(other.length + 1), other.length);
        }
        default -> bytes = joined(bytes, 0, at, bytes, random.nextInt(at + 1), bytes.length);
      }
    }
    return bytes;
  }

  private byte[] withPart(byte[] bytes) {
    int at = random.nextInt(bytes.length + 1);
    byte[] part =
        JSON_PARTS.get(random.nextInt(JSON_PARTS.size())).getBytes(StandardCharsets.UTF_8);
    byte[] start = joined(bytes, 0, at, part, 0, part.length);
    return joined(start, 0, start.length, bytes, at, bytes.length);
  }

  private static byte[] joined(
      byte[] one, int from, int to, byte[] other, int otherFrom, int otherTo) {
    byte[] all = new byte[to - from + otherTo - otherFrom];
    System.arraycopy(one, from, all, 0, to - from);
    System.arraycopy(other, otherFrom, all, to - from, otherTo - otherFrom);
    return all;
  }

  /** The vectors, good and bad, as bytes of one dress. */
  private static List<byte[]> corpus(String dress) {
    List<byte[]> corpus = new ArrayList<>();
    Stream.concat(
            GoldenVectorsTest.vectors(),
            Stream.concat(GoldenVectorsTest.accepted(), GoldenVectorsTest.bad()))
        .forEach(
            vector -> {
              if (dress.equals("json")) {
                if (vector.getValue("json") instanceof JsonObject frame) {
                  corpus.add(frame.encode().getBytes(StandardCharsets.UTF_8));
                } else if (vector.containsKey("text")) {
                  corpus.add(vector.getString("text").getBytes(StandardCharsets.UTF_8));
                }
              } else if (vector.containsKey(dress)) {
                corpus.add(HexFormat.of().parseHex(vector.getString(dress)));
              }
            });
    assertThat(corpus).hasSizeGreaterThan(50);
    return corpus;
  }
}
