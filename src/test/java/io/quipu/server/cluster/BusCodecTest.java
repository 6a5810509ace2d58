package io.quipu.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.BusCodec.Decoded;
import io.quipu.server.cluster.wire.BusWire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The wire between nodes. The bytes of version 1 stand in a file: a node of another version writes
 * and reads them. A change that writes something new adds a file and keeps this one readable;
 * {@code -Dquipu.bus=write} writes what is missing.
 */
final class BusCodecTest {
  private static final Path VERSION_1 = Path.of("src/test/resources/bus/version-1.txt");

  @Test
  void everyEnvelopeComesBackAsItWas() {
    BusSamples.all()
        .forEach(
            (name, sample) -> {
              byte[] bytes = BusCodec.encode(sample);
              assertThat(BusCodec.decode(bytes)).as(name).isEqualTo(new Decoded.Good(sample, 0));
            });
  }

  @Test
  void aDraftWithItsNumberIsTheEnvelope() {
    BusSamples.all()
        .forEach(
            (name, sample) -> {
              BusCodec.Draft draft = BusCodec.draft(sample.from(), sample.body());
              byte[] bytes = draft.numbered(sample.number());
              assertThat(bytes).as(name).isEqualTo(BusCodec.encode(sample));
              assertThat(bytes.length - draft.sizeBytes()).as(name).isBetween(0, 11);
            });
  }

  @Test
  void theBytesOfVersion1AreWrittenAndRead() throws IOException {
    Map<String, String> kept = kept();
    BusSamples.all()
        .forEach(
            (name, sample) -> {
              String hex = HexFormat.of().formatHex(BusCodec.encode(sample));
              assertThat(kept).containsEntry(name, hex);
              assertThat(BusCodec.decode(HexFormat.of().parseHex(kept.get(name))))
                  .as(name)
                  .isEqualTo(new Decoded.Good(sample, 0));
            });
    assertThat(kept).hasSameSizeAs(BusSamples.all());
  }

  private static Map<String, String> kept() throws IOException {
    Map<String, String> kept = new TreeMap<>();
    if (Files.exists(VERSION_1)) {
      for (String line : Files.readAllLines(VERSION_1)) {
        String[] words = line.split(" ", 2);
        kept.put(words[0], words[1]);
      }
    }
    if ("write".equals(System.getProperty("quipu.bus"))) {
      BusSamples.all()
          .forEach(
              (name, sample) ->
                  kept.putIfAbsent(name, HexFormat.of().formatHex(BusCodec.encode(sample))));
      List<String> lines =
          kept.entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue()).toList();
      Files.write(VERSION_1, lines);
    }
    return kept;
  }

  @Test
  void nodesStandInATableOnceEach() {
    Append one = BusSamples.append(1, Content.Text.of("knot"));
    int alone = BusCodec.encode(BusSamples.message(1, new Appends(List.of(one)))).length;
    int twice = BusCodec.encode(BusSamples.message(1, new Appends(List.of(one, one)))).length;
    assertThat(twice - alone).isLessThan(alone - BusSamples.A.value().length());
  }

  @Test
  void whatNeverLeavesItsNodeIsNotEncoded() {
    for (BusMessage message :
        List.of(
            new Outbound(List.of(), List.of(), List.of(), List.of()),
            new UserNews(List.of(), List.of(), List.of()))) {
      assertThatThrownBy(() -> BusCodec.encode(BusSamples.message(1, message)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("never leaves its node");
    }
  }

  // ---- a newer node

  @Test
  void unknownFieldsAreIgnoredAtEveryDepth() throws IOException {
    for (Map.Entry<String, Envelope> sample : BusSamples.all().entrySet()) {
      BusWire.Envelope wire = BusWire.Envelope.parseFrom(BusCodec.encode(sample.getValue()));
      byte[] newer = Newer.withUnknownFields(wire).toByteArray();
      assertThat(newer.length).isGreaterThan(wire.getSerializedSize());
      assertThat(BusCodec.decode(newer))
          .as(sample.getKey())
          .isEqualTo(new Decoded.Good(sample.getValue(), 0));
    }
  }

  @Test
  void anUnknownBodyKeepsItsSenderAndNumberSoThatItIsAcked() {
    BusWire.Envelope newer =
        BusWire.Envelope.newBuilder()
            .addNodes(BusSamples.A.value())
            .setNumber(12)
            .setUnknownFields(Newer.field(77))
            .build();
    assertThat(BusCodec.decode(newer.toByteArray()))
        .isEqualTo(new Decoded.Good(new Envelope(BusSamples.A, 12, new Envelope.Unknown()), 1));
  }

  @Test
  void contentOfANewerKindIsUnknownContent() {
    BusWire.Content newer =
        BusWire.Content.newBuilder().setKind(99).setBytes(ByteString.copyFromUtf8("?")).build();
    BusWire.Envelope.Builder wire = wireOf("appends");
    wire.getAppendsBuilder().getAppendsBuilder(0).setContent(newer);
    assertThat(decodedAppends(wire).appends().get(0).content()).isEqualTo(new Content.Unknown());
    assertThat(decodedAppends(wire).appends().get(1).content())
        .isEqualTo(BusSamples.contents().get(1));
  }

  @Test
  void aCodeOfANewerNodeAsksTheSameOfTheClientAndKeepsItsOutcome() {
    assertThat(refused(399, true).code()).isEqualTo(ErrorCode.NOT_SUPPORTED);
    assertThat(refused(399, true).outcome()).isEqualTo(Outcome.NOT_APPLIED);
    assertThat(refused(399, false).code()).isEqualTo(ErrorCode.BUG);
    assertThat(refused(399, false).outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(refused(498, false).code()).isEqualTo(ErrorCode.OWNER_BUSY);
    assertThat(refused(598, false).code()).isEqualTo(ErrorCode.BUG);
    assertThat(refused(399, true).detail()).isEqualTo("code 399: another content");
    assertThat(refused(ErrorCode.VOIDED.code(), true))
        .isEqualTo(new Verdict.Refused(ErrorCode.VOIDED, Outcome.NOT_APPLIED, "another content"));
  }

  private static Verdict.Refused refused(int code, boolean notApplied) {
    BusWire.Envelope.Builder wire = wireOf("parcel");
    wire.getParcelBuilder()
        .getAnswersBuilder(1)
        .getRefusedBuilder()
        .setCode(code)
        .setNotApplied(notApplied);
    return (Verdict.Refused) decodedParcel(wire).answers().get(1).answer().verdict();
  }

  @Test
  void answersAndReceiptsOfANewerMeaningAreLeftOut() {
    NodeParcel known = decodedParcel(wireOf("parcel"));
    BusWire.Envelope.Builder wire = wireOf("parcel");
    wire.getParcelBuilder().getAnswersBuilder(0).clearVerdict().setUnknownFields(Newer.field(50));
    wire.getParcelBuilder().getReceiptsBuilder(2).setStateValue(9);
    NodeParcel parcel = decodedParcel(wire);
    assertThat(parcel.answers()).isEqualTo(known.answers().subList(1, known.answers().size()));
    assertThat(parcel.receipts()).isEqualTo(known.receipts().subList(0, 2));
    assertThat(BusCodec.decode(wire.build().toByteArray()))
        .isInstanceOfSatisfying(
            Decoded.Good.class, good -> assertThat(good.leftOut()).isEqualTo(2));
  }

  @Test
  void aReasonOrStateOfANewerNodeIsTheCarefulOne() {
    BusWire.Envelope.Builder wire = wireOf("parcel");
    wire.getParcelBuilder().getAnswersBuilder(3).getNotTakenBuilder().setReasonValue(17);
    assertThat(decodedParcel(wire).answers().get(3).answer().verdict())
        .isEqualTo(new Verdict.NotTaken(AppendAnswer.Reason.BUSY));
    BusWire.Envelope.Builder heartbeat = wireOf("heartbeat");
    heartbeat.getHeartbeatBuilder().setStateValue(17).setBusVersion(2);
    assertThat(good(heartbeat).body())
        .isEqualTo(new Envelope.Heartbeat(Peers.State.JOINING, 4_711, 2));
  }

  @Test
  void addressesOfANewerKindAreLeftOutOfWhatIsTaken() {
    BusWire.Envelope.Builder wire = wireOf("taken");
    wire.getTakenBuilder().getStreamsBuilder(0).setKindValue(9);
    assertThat(((Envelope.Taken) good(wire).body()).streams()).hasSize(2);
  }

  // ---- what is no envelope

  @Test
  void whatNoVersionWouldWriteIsMalformed() {
    BusWire.Envelope.Builder stranger = wireOf("appends");
    stranger.getAppendsBuilder().getAppendsBuilder(2).getOriginBuilder().setNode(7);
    BusWire.Envelope.Builder negative = wireOf("parcel");
    negative.getParcelBuilder().getAnswersBuilder(0).setLoop(-1);
    BusWire.Envelope.Builder name = wireOf("whisper");
    name.getWhisperBuilder().setUser("no body");
    BusWire.Envelope.Builder hole = wireOf("parcel");
    hole.getParcelBuilder().getAnnouncementsBuilder(0).getEntriesBuilder(1).setSeq(99);
    BusWire.Envelope.Builder nothing = wireOf("parcel");
    nothing.getParcelBuilder().getAnnouncementsBuilder(0).clearEntries();
    BusWire.Envelope.Builder seqZero = wireOf("parcel");
    seqZero.getParcelBuilder().getAnswersBuilder(0).getStoredBuilder().setSeq(0);
    for (BusWire.Envelope.Builder wire :
        List.of(
            wireOf("heartbeat").clearNodes(),
            wireOf("heartbeat").setNodes(0, ""),
            wireOf("heartbeat").setNumber(-1),
            stranger,
            negative,
            name,
            hole,
            nothing,
            seqZero)) {
      assertThat(BusCodec.decode(wire.build().toByteArray())).isInstanceOf(Decoded.Malformed.class);
    }
    assertThat(BusCodec.decode(new byte[0])).isInstanceOf(Decoded.Malformed.class);
    assertThat(BusCodec.decode(new byte[BusCodec.MAX_BYTES + 1]))
        .isInstanceOf(Decoded.Malformed.class);
  }

  @Test
  void anEnvelopeCutAnywhereIsNotTheWholeOne() {
    BusSamples.all()
        .forEach(
            (name, sample) -> {
              byte[] whole = BusCodec.encode(sample);
              for (int length = 0; length < whole.length; length++) {
                Decoded cut = BusCodec.decode(Arrays.copyOf(whole, length));
                assertThat(cut).as("%s cut at %s", name, length).isNotEqualTo(good(whole));
              }
            });
  }

  @Test
  void randomChangesNeverThrow() {
    long seed = Long.getLong("quipu.seed", 20_261_125L);
    Random random = new Random(seed);
    List<byte[]> samples = BusSamples.all().values().stream().map(BusCodec::encode).toList();
    int malformed = 0;
    int rounds = 60_000;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = samples.get(random.nextInt(samples.size())).clone();
      for (int change = random.nextInt(4); change >= 0; change--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(2 * bytes.length));
      }
      Decoded decoded;
      try {
        decoded = BusCodec.decode(bytes);
      } catch (RuntimeException e) {
        throw new AssertionError(
            "seed " + seed + ", round " + round + ": " + HexFormat.of().formatHex(bytes), e);
      }
      if (decoded instanceof Decoded.Good good
          && !(good.envelope().body() instanceof Envelope.Unknown)) {
        // What was understood can be said again.
        assertThat(BusCodec.decode(BusCodec.encode(good.envelope())))
            .isEqualTo(new Decoded.Good(good.envelope(), 0));
      } else {
        malformed++;
      }
    }
    assertThat(malformed).as("seed %s", seed).isBetween(rounds / 10, rounds * 9 / 10);
  }

  // ----

  private static BusWire.Envelope.Builder wireOf(String sample) {
    try {
      return BusWire.Envelope.parseFrom(BusCodec.encode(BusSamples.all().get(sample))).toBuilder();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Decoded good(byte[] bytes) {
    return BusCodec.decode(bytes);
  }

  private static Envelope good(BusWire.Envelope.Builder wire) {
    return ((Decoded.Good) BusCodec.decode(wire.build().toByteArray())).envelope();
  }

  private static Appends decodedAppends(BusWire.Envelope.Builder wire) {
    return (Appends) ((Envelope.Passing) good(wire).body()).message();
  }

  private static NodeParcel decodedParcel(BusWire.Envelope.Builder wire) {
    return (NodeParcel) ((Envelope.Passing) good(wire).body()).message();
  }

  /** A later version of the schema. */
  private static final class Newer {
    static UnknownFieldSet field(int number) {
      return UnknownFieldSet.newBuilder()
          .addField(
              number,
              UnknownFieldSet.Field.newBuilder()
                  .addVarint(7)
                  .addLengthDelimited(ByteString.copyFromUtf8("of a newer version"))
                  .build())
          .build();
    }

    /** The same with a field more in each message of it. */
    static com.google.protobuf.Message withUnknownFields(com.google.protobuf.Message message) {
      var changed = message.toBuilder();
      message
          .getAllFields()
          .forEach(
              (field, value) -> {
                if (field.getJavaType()
                    != com.google.protobuf.Descriptors.FieldDescriptor.JavaType.MESSAGE) {
                  return;
                }
                if (field.isRepeated()) {
                  for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
                    changed.setRepeatedField(
                        field,
                        i,
                        withUnknownFields(
                            (com.google.protobuf.Message) message.getRepeatedField(field, i)));
                  }
                } else {
                  changed.setField(field, withUnknownFields((com.google.protobuf.Message) value));
                }
              });
      return changed.setUnknownFields(field(1_000)).build();
    }
  }
}
