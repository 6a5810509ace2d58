package io.quipu.server.session;

import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.SessionAddress;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Frames, appends and answers of Alice's session. */
final class SessionFixture {
  static final UserId ALICE = new UserId("alice");
  static final UserId BOB = new UserId("bob");
  static final ConversationId TO_BOB = ConversationId.direct(ALICE, BOB);
  static final ConversationId TO_CAROL = ConversationId.direct(ALICE, new UserId("carol"));
  static final ConversationId OF_OTHERS = ConversationId.direct(BOB, new UserId("carol"));
  static final SessionAddress ADDRESS = new SessionAddress(new Address.Loop(new NodeId("n"), 0), 1);
  static final int WINDOW = 4;
  static final int WINDOW_BYTES = 60;
  static final int MAX_BODY = 50;
  static final int RETRY_MS = 100;
  static final int TIMEOUT_MS = 2_000;
  static final int MAX_UNRESOLVED = 3;
  static final Limits LIMITS =
      new Limits(
          20_000,
          65_536,
          MAX_BODY,
          WINDOW,
          WINDOW_BYTES,
          256,
          1_000,
          5_000,
          100,
          100,
          1_000,
          TIMEOUT_MS,
          10,
          60_000,
          60_000,
          3,
          20,
          0,
          1,
          0);
  static final Session.Rules RULES = new Session.Rules(LIMITS, RETRY_MS, 2, MAX_UNRESOLVED);
  static final Verdict GAP = new Verdict.NotTaken(Reason.LINK_GAP);
  static final Verdict NOT_OWNER = new Verdict.NotTaken(Reason.NOT_OWNER);
  static final Verdict BUSY = new Verdict.NotTaken(Reason.BUSY);
  static final Verdict DOWN = new Verdict.NotTaken(Reason.STORE_DOWN);

  private SessionFixture() {}

  static UUID id(int id) {
    return new UUID(1, id);
  }

  static Frame.Send send(int clientSeq, int id) {
    return send(clientSeq, id, TO_BOB, false, Content.Text.of("hi"));
  }

  static Frame.Send resend(int clientSeq, int id) {
    return send(clientSeq, id, TO_BOB, true, Content.Text.of("hi"));
  }

  static Frame.Send send(
      int clientSeq, int id, ConversationId to, boolean resend, Content content) {
    return new Frame.Send(clientSeq, id(id), Optional.of(to), Optional.empty(), resend, content);
  }

  static Content body(int bytes) {
    return new Content.Body(ByteString.copyFrom(new byte[bytes]));
  }

  static Frame ack(int clientSeq, int id, long seq) {
    return new Frame.SendAck(clientSeq, id(id), TO_BOB, seq, 9, false);
  }

  static Verdict stored(long seq) {
    return new Verdict.Stored(seq, 9, false);
  }

  static Verdict refused(ErrorCode code, Outcome outcome) {
    return new Verdict.Refused(code, outcome, "no");
  }

  static AppendAnswer answer(Append to, Verdict verdict) {
    return new AppendAnswer(to.origin().session(), to.link(), to.number(), to.attempt(), verdict);
  }

  static List<Append> routed(List<SessionEffect> effects) {
    return effects.stream()
        .filter(SessionEffect.Route.class::isInstance)
        .flatMap(effect -> ((SessionEffect.Route) effect).appends().stream())
        .toList();
  }

  static List<Frame> replies(List<SessionEffect> effects) {
    return effects.stream()
        .filter(SessionEffect.Reply.class::isInstance)
        .map(effect -> ((SessionEffect.Reply) effect).frame())
        .toList();
  }

  /** "client_seq CODE OUTCOME" of each refusal. */
  static List<String> refusals(List<SessionEffect> effects) {
    return replies(effects).stream()
        .filter(Frame.SendRejected.class::isInstance)
        .map(Frame.SendRejected.class::cast)
        .map(one -> one.clientSeq() + " " + one.code() + " " + one.outcome())
        .toList();
  }
}
