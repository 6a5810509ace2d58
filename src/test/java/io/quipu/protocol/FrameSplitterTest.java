package io.quipu.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameSplitterTest {
  private static final int LIMIT = 64 * 1024;

  private final List<byte[]> taken = new ArrayList<>();
  private final FrameSplitter splitter = new FrameSplitter(LIMIT);

  private void take(byte[] bytes, int offset, int length) {
    taken.add(Arrays.copyOfRange(bytes, offset, offset + length));
  }

  private void feed(byte... bytes) {
    splitter.split(bytes, 0, bytes.length, this::take);
  }

  @Test
  void howeverTheStreamIsCutTheSameFramesComeOut() {
    long seed = 20261121;
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      List<byte[]> sent = new ArrayList<>();
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      for (int i = random.nextInt(20); i >= 0; i--) {
        byte[] frame = new byte[1 + random.nextInt(random.nextInt(10) == 0 ? 20_000 : 300)];
        random.nextBytes(frame);
        sent.add(frame);
        stream.writeBytes(LengthPrefix.withFrame(frame));
      }
      taken.clear();
      byte[] all = stream.toByteArray();
      FrameSplitter cut = new FrameSplitter(LIMIT);
      int largestChunk = 1 + random.nextInt(random.nextInt(3) == 0 ? 3 : 5_000);
      for (int at = 0; at < all.length; ) {
        int count = Math.min(all.length - at, 1 + random.nextInt(largestChunk));
        cut.split(all, at, count, this::take);
        at += count;
      }
      assertThat(taken).as("seed %d, round %d", seed, round).hasSameSizeAs(sent);
      for (int i = 0; i < sent.size(); i++) {
        assertThat(taken.get(i)).isEqualTo(sent.get(i));
      }
      assertThat(cut.inFrame()).isFalse();
    }
  }

  @Test
  void aFrameThatIsWholeInAChunkIsNotCopied() {
    byte[] chunk = {0x02, 7, 8, 0x01, 9};
    splitter.split(
        chunk,
        0,
        chunk.length,
        (bytes, offset, length) -> {
          assertThat(bytes).isSameAs(chunk);
          take(bytes, offset, length);
        });
    assertThat(taken).containsExactly(new byte[] {7, 8}, new byte[] {9});
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 127, 128, 300, 16_383, 16_384, LIMIT})
  void lengthsOfEverySizeAreWrittenAndRead(int length) {
    byte[] stream = LengthPrefix.withFrame(new byte[length]);
    assertThat(stream).hasSize(length + LengthPrefix.size(length));
    feed(stream);
    assertThat(taken).hasSize(1);
    assertThat(taken.get(0)).hasSize(length);
  }

  @Test
  void aPromisedLengthCostsNothingUntilTheBytesCome() {
    byte[] chunk = {(byte) 0x80, (byte) 0x80, 0x04, 1}; // 65536, and one byte of it
    long cost = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) { // the first ones load classes
      FrameSplitter fresh = new FrameSplitter(LIMIT);
      long before = allocatedBytes();
      fresh.split(chunk, 0, chunk.length, this::take);
      cost = Math.min(cost, allocatedBytes() - before);
    }
    assertThat(cost).isLessThan(4_096);
    feed(chunk);
    assertThat(taken).isEmpty();
    assertThat(splitter.inFrame()).isTrue();
  }

  @Test
  void aLengthAboveTheLimitIsRefusedBeforeAnythingIsAllocated() {
    byte[] chunk = {(byte) 0x81, (byte) 0x80, 0x04}; // 65537
    QuipuException thrown = catchThrowableOfType(QuipuException.class, () -> feed(chunk));
    assertThat(thrown.code()).isEqualTo(ErrorCode.FRAME_TOO_LARGE);
  }

  @Test
  void framesBeforeTheBrokenPlaceAreGivenAndNothingAfterIt() {
    QuipuException thrown =
        catchThrowableOfType(QuipuException.class, () -> feed((byte) 1, (byte) 42, (byte) 0));
    assertThat(thrown.code()).isEqualTo(ErrorCode.MALFORMED_FRAME);
    feed((byte) 1, (byte) 43);
    assertThat(taken).containsExactly(new byte[] {42});
  }

  @Test
  void theTakerMayRaiseTheLimitForTheNextFrameOfTheSameChunk() {
    FrameSplitter early = new FrameSplitter(1);
    byte[] chunk = {1, 42, 2, 43, 44};
    early.split(
        chunk,
        0,
        chunk.length,
        (bytes, offset, length) -> {
          take(bytes, offset, length);
          early.limit(LIMIT);
        });
    assertThat(taken).containsExactly(new byte[] {42}, new byte[] {43, 44});
  }

  @Test
  void theTakerMayEndTheStreamInTheMiddleOfAChunk() {
    byte[] chunk = {1, 42, 1, 43};
    splitter.split(
        chunk,
        0,
        chunk.length,
        (bytes, offset, length) -> {
          take(bytes, offset, length);
          splitter.end();
        });
    assertThat(taken).containsExactly(new byte[] {42});
  }

  @Test
  void aPartOfALengthIsPartOfAFrame() {
    assertThat(splitter.inFrame()).isFalse();
    feed((byte) 0x80);
    assertThat(splitter.inFrame()).isTrue();
  }

  static long allocatedBytes() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
  }
}
