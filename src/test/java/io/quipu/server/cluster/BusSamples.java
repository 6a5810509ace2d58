package io.quipu.server.cluster;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.metrics.AddressKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** An envelope of every kind, with every field set in one of them. */
final class BusSamples {
  static final NodeId A = new NodeId("node-a-mf3k2p1q");
  static final NodeId B = new NodeId("node-b-mf3k2p9z");
  static final NodeId C = new NodeId("node-c-mf3k300a");
  static final UserId ALICE = new UserId("alice");
  static final UserId BOB = new UserId("bob");
  static final ConversationId DIRECT = ConversationId.direct(ALICE, BOB);

  private BusSamples() {}

  /** By name, in a fixed order. */
  static Map<String, Envelope> all() {
    Map<String, Envelope> samples = new LinkedHashMap<>();
    samples.put("heartbeat", envelope(7, new Envelope.Heartbeat(Peers.State.SERVING, 4_711, 1)));
    samples.put("heartbeatJoining", envelope(1, new Envelope.Heartbeat(Peers.State.JOINING, 1, 1)));
    samples.put("heartbeatLeaving", envelope(9, new Envelope.Heartbeat(Peers.State.LEAVING, 9, 1)));
    samples.put(
        "taken",
        envelope(
            Envelope.UNNUMBERED,
            new Envelope.Taken(
                List.of(
                    new Envelope.Stream(AddressKind.BUS, 0, 3),
                    new Envelope.Stream(AddressKind.OWNER, 1, 4_000_000_000L),
                    new Envelope.Stream(AddressKind.POST, 2, 1)))));
    samples.put("appends", message(300, appends(contents())));
    samples.put("whisper", message(5, new Whisper(session(A, 1, 42), DIRECT, ALICE)));
    samples.put("parcel", message(1L << 40, parcel()));
    samples.put("emptyAppends", message(2, new Appends(List.of())));
    samples.put(
        "emptyParcel",
        message(
            2, new NodeParcel(List.of(), List.of(), List.of(), List.of(), List.of(), List.of())));
    return samples;
  }

  static Envelope message(long number, BusMessage message) {
    return envelope(number, new Envelope.Passing(message));
  }

  static Envelope envelope(long number, Envelope.Body body) {
    return new Envelope(A, number, body);
  }

  static SessionAddress session(NodeId node, int loop, long session) {
    return new SessionAddress(new Address.Loop(node, loop), session);
  }

  /** What can be sent. */
  static List<Content> contents() {
    return List.of(
        Content.Text.of("grüße, 世界"),
        new Content.Body(ByteString.copyFrom(new byte[] {0, -1, 127})),
        new Content.Changed(new Change.Rename("knots")),
        new Content.Changed(new Change.Edit(3, Content.Text.of("better"))));
  }

  static Appends appends(List<Content> contents) {
    List<Append> appends = new ArrayList<>();
    for (int i = 0; i < contents.size(); i++) {
      appends.add(append(i + 1, contents.get(i)));
    }
    return new Appends(appends);
  }

  static Append append(int number, Content content) {
    return new Append(
        session(A, 1, 42),
        1_000 + number,
        number,
        number == 1,
        number - 1,
        number == 2,
        DIRECT,
        9_876_543_210L,
        ALICE,
        new UUID(0x0190_0000_0000_7000L + number, 0x8000_0000_0000_0001L),
        number == 3,
        content,
        number == 4);
  }

  private static NodeParcel parcel() {
    List<NodeParcel.LoopAnswer> answers = new ArrayList<>();
    List<Verdict> verdicts = new ArrayList<>();
    verdicts.add(new Verdict.Stored(17, 1_764_000_000_123L, true));
    verdicts.add(new Verdict.Refused(ErrorCode.ID_REUSED, Outcome.NOT_APPLIED, "another content"));
    verdicts.add(new Verdict.Refused(ErrorCode.STORE_DOWN, Outcome.UNKNOWN, ""));
    for (Reason reason : Reason.values()) {
      verdicts.add(new Verdict.NotTaken(reason));
    }
    for (int i = 0; i < verdicts.size(); i++) {
      answers.add(
          new NodeParcel.LoopAnswer(
              i, new AppendAnswer(42 + i, 1_000 + i, i + 1, i, verdicts.get(i))));
    }
    List<Content> contents = new ArrayList<>(contents());
    contents.add(new Content.Erased());
    contents.add(new Content.Recalled());
    contents.add(new Content.Unknown());
    List<Message> messages = new ArrayList<>();
    List<SessionAddress> origins = new ArrayList<>();
    for (int i = 0; i < contents.size(); i++) {
      long seq = 17L + i;
      messages.add(
          new Message(
              seq,
              i % 2 == 0 ? ALICE : BOB,
              new UUID(i, -1),
              1_764_000_000_123L,
              contents.get(i),
              i == 0 ? seq + 3 : 0));
      origins.add(session(List.of(A, B, C).get(i % 3), i, 42 + i));
    }
    List<NodeParcel.UserReceipt> receipts = new ArrayList<>();
    for (ReceiptState state : ReceiptState.values()) {
      receipts.add(
          new NodeParcel.UserReceipt(
              ALICE,
              state == ReceiptState.READ ? Optional.of(session(B, 0, 8)) : Optional.empty(),
              DIRECT,
              BOB,
              state,
              17));
    }
    return new NodeParcel(
        answers,
        List.of(new Announcement(DIRECT, messages, origins, List.of(ALICE, BOB))),
        receipts,
        List.of(new NodeParcel.Writing(new Whisper(session(A, 0, 1), DIRECT, ALICE), List.of(BOB))),
        List.of(new NodeParcel.Newcomer(BOB, new DeviceId("phone"), 12)),
        List.of(
            new NodeParcel.Muting(BOB, Optional.of(session(A, 0, 5)), DIRECT, 1_764_000_000_000L),
            new NodeParcel.Muting(ALICE, Optional.empty(), DIRECT, 0)));
  }
}
