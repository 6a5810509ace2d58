package io.quipu.server.fanout;

import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.cluster.Outbound.Delivery;
import io.quipu.server.cluster.Outbound.Hint;
import io.quipu.server.cluster.Outbound.OwnShare;
import io.quipu.server.cluster.Outbound.ReceiptNotice;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.cluster.Whisper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gathers what one turn of a sequencer has to tell, and sends each event loop one message with its
 * acks and its deliveries. Belongs to one event loop.
 *
 * <p>The sending session is left out of the deliveries of what it sent: its SendAck fills the
 * place. Only here: every path that repairs includes a session's own messages.
 */
public final class FanOut {
  private final Bus bus;
  private final Registry registry;
  private final Map<Address.Loop, Parcel> parcels = new HashMap<>();

  public FanOut(Bus bus, Registry registry) {
    this.bus = bus;
    this.registry = registry;
  }

  /** Tells the origin of an append what became of it. */
  public void answer(Append append, AppendAnswer.Verdict verdict) {
    SessionAddress origin = append.origin();
    parcel(origin.loop())
        .answers
        .add(
            new AppendAnswer(
                origin.session(), append.link(), append.number(), append.attempt(), verdict));
  }

  /** Tells everybody who is connected about committed entries. */
  public void committed(Committed committed) {
    List<Message> messages = committed.messages();
    long firstSeq = messages.get(0).seq();
    long lastSeq = messages.get(messages.size() - 1).seq();
    MessageRange range =
        new MessageRange(committed.conversation(), firstSeq, lastSeq, messages, List.of());
    SharedFrame frame = new SharedFrame(new Frame.Deliver(range, false));
    Map<Address.Loop, Share> shares = new HashMap<>(4);
    boolean direct = committed.conversation().isDirect();
    for (UserId user : committed.audience()) {
      List<Registry.Entry> sessions = registry.locate(user);
      if (sessions.isEmpty() && direct) {
        storedOffline(committed, user, lastSeq);
      }
      for (Registry.Entry session : sessions) {
        Share share = shares.computeIfAbsent(session.address().loop(), loop -> new Share());
        List<Long> own = ownSeqs(committed, session.address());
        if (own.isEmpty()) {
          share.add(session.address().session());
        } else {
          share.senders.add(new OwnShare(session.address().session(), own));
        }
      }
    }
    shares.forEach(
        (loop, share) ->
            parcel(loop)
                .deliveries
                .add(new Delivery(range, frame, share.sessions(), share.senders)));
  }

  /**
   * Tells everybody who is connected that somebody is writing, but for the session he writes in.
   *
   * @param members of the conversation, the one who is writing among them
   */
  public void whisper(Whisper whisper, Collection<UserId> members) {
    SharedFrame frame =
        new SharedFrame(new Frame.Typing(whisper.conversation(), Optional.of(whisper.user())));
    for (UserId user : members) {
      for (Registry.Entry session : registry.locate(user)) {
        if (!session.address().equals(whisper.origin())) {
          parcel(session.address().loop()).hints.add(new Hint(session.address().session(), frame));
        }
      }
    }
  }

  /** Sends what has been gathered since the last flush. */
  public void flush() {
    if (parcels.isEmpty()) {
      return;
    }
    parcels.forEach(
        (loop, parcel) ->
            bus.send(
                loop,
                new Outbound(
                    parcel.answers, parcel.deliveries, parcel.receipts, List.of(), parcel.hints)));
    parcels.clear();
  }

  private static List<Long> ownSeqs(Committed committed, SessionAddress session) {
    List<SessionAddress> origins = committed.origins();
    List<Long> own = List.of();
    for (int i = 0; i < origins.size(); i++) {
      if (origins.get(i).session() == session.session()
          && origins.get(i).loop().equals(session.loop())) {
        if (own.isEmpty()) {
          own = new ArrayList<>(origins.size() - i);
        }
        own.add(committed.messages().get(i).seq());
      }
    }
    return own;
  }

  /** The user's absence is told to the devices of the other one, up to what that one has sent. */
  private void storedOffline(Committed committed, UserId absent, long lastSeq) {
    ConversationId conversation = committed.conversation();
    for (UserId user : committed.audience()) {
      if (!user.equals(absent)) {
        for (Registry.Entry session : registry.locate(user)) {
          parcel(session.address().loop())
              .receipts
              .add(
                  new ReceiptNotice(
                      session.address().session(),
                      conversation,
                      absent,
                      ReceiptState.STORED_OFFLINE,
                      lastSeq));
        }
      }
    }
  }

  private Parcel parcel(Address.Loop loop) {
    return parcels.computeIfAbsent(loop, unused -> new Parcel());
  }

  private static final class Parcel {
    final List<AppendAnswer> answers = new ArrayList<>();
    final List<Delivery> deliveries = new ArrayList<>();
    final List<ReceiptNotice> receipts = new ArrayList<>(0);
    final List<Hint> hints = new ArrayList<>(0);
  }

  private static final class Share {
    private long[] sessions = new long[2];
    private int count;
    final List<OwnShare> senders = new ArrayList<>(1);

    void add(long session) {
      if (count == sessions.length) {
        sessions = Arrays.copyOf(sessions, count * 2);
      }
      sessions[count++] = session;
    }

    long[] sessions() {
      return count == sessions.length ? sessions : Arrays.copyOf(sessions, count);
    }
  }
}
