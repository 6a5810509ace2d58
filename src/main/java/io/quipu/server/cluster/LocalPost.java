package io.quipu.server.cluster;

import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.cluster.Outbound.Delivery;
import io.quipu.server.cluster.Outbound.Hint;
import io.quipu.server.cluster.Outbound.Kick;
import io.quipu.server.cluster.Outbound.OwnShare;
import io.quipu.server.cluster.Outbound.ReceiptNotice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gathers what one verticle has for the sessions of this node in one turn, finds those sessions by
 * their users, and sends each event loop one message. Belongs to one event loop.
 *
 * <p>The sending session is left out of the deliveries of what it sent: its SendAck fills the
 * place. Only here: every path that repairs includes a session's own messages.
 */
public final class LocalPost {
  private final Bus bus;
  private final Registry registry;
  private final Map<Address.Loop, Parcel> parcels = new HashMap<>();
  private final Map<Address.Loop, List<UserNews.Muted>> muted = new HashMap<>(0);

  public LocalPost(Bus bus, Registry registry) {
    this.bus = bus;
    this.registry = registry;
  }

  /** All that another node has for the sessions of this one. */
  public void take(NodeParcel parcel, NodeId self) {
    parcel.answers().forEach(one -> answer(new Address.Loop(self, one.loop()), one.answer()));
    parcel.announcements().forEach(this::announce);
    parcel.receipts().forEach(this::receipt);
    parcel.writings().forEach(this::writing);
    parcel.newcomers().forEach(this::newcomer);
    parcel.mutings().forEach(this::muting);
  }

  void answer(Address.Loop loop, AppendAnswer answer) {
    parcel(loop).answers.add(answer);
  }

  void announce(Announcement announced) {
    List<Message> messages = announced.messages();
    long firstSeq = messages.get(0).seq();
    long lastSeq = messages.get(messages.size() - 1).seq();
    MessageRange range =
        new MessageRange(announced.conversation(), firstSeq, lastSeq, messages, List.of());
    SharedFrame frame = new SharedFrame(new Frame.Deliver(range, false));
    Map<Address.Loop, Share> shares = new HashMap<>(4);
    for (UserId user : announced.audience()) {
      for (Registry.Entry session : registry.locate(user)) {
        Share share = shares.computeIfAbsent(session.address().loop(), loop -> new Share());
        List<Long> own = ownSeqs(announced, session.address());
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

  void receipt(NodeParcel.UserReceipt receipt) {
    for (Registry.Entry session : registry.locate(receipt.to())) {
      if (!isExcepted(receipt.except(), session.address())) {
        parcel(session.address().loop())
            .receipts
            .add(
                new ReceiptNotice(
                    session.address().session(),
                    receipt.conversation(),
                    receipt.of(),
                    receipt.state(),
                    receipt.seq()));
      }
    }
  }

  void writing(NodeParcel.Writing writing) {
    Whisper whisper = writing.whisper();
    SharedFrame frame =
        new SharedFrame(new Frame.Typing(whisper.conversation(), Optional.of(whisper.user())));
    for (UserId user : writing.to()) {
      for (Registry.Entry session : registry.locate(user)) {
        if (!session.address().equals(whisper.origin())) {
          parcel(session.address().loop()).hints.add(new Hint(session.address().session(), frame));
        }
      }
    }
  }

  void newcomer(NodeParcel.Newcomer newcomer) {
    for (Registry.Entry session : registry.locate(newcomer.user())) {
      if (session.device().equals(newcomer.device())
          && session.generation() < newcomer.generation()) {
        parcel(session.address().loop())
            .kicks
            .add(new Kick(session.address().session(), newcomer.generation()));
      }
    }
  }

  void muting(NodeParcel.Muting muting) {
    for (Registry.Entry session : registry.locate(muting.user())) {
      if (!isExcepted(muting.except(), session.address())) {
        muted
            .computeIfAbsent(session.address().loop(), loop -> new ArrayList<>(1))
            .add(
                new UserNews.Muted(
                    session.address().session(), muting.conversation(), muting.untilMs()));
      }
    }
  }

  private static boolean isExcepted(Optional<SessionAddress> except, SessionAddress session) {
    return except.isPresent() && except.get().equals(session);
  }

  /** Sends what has been gathered since the last flush. */
  public void flush() {
    if (!parcels.isEmpty()) {
      parcels.forEach((loop, parcel) -> bus.send(loop, parcel.outbound()));
      parcels.clear();
    }
    if (!muted.isEmpty()) {
      muted.forEach((loop, some) -> bus.send(loop, UserNews.ofMuted(some)));
      muted.clear();
    }
  }

  private static List<Long> ownSeqs(Announcement announced, SessionAddress session) {
    List<SessionAddress> origins = announced.origins();
    List<Long> own = List.of();
    for (int i = 0; i < origins.size(); i++) {
      if (origins.get(i).session() == session.session()
          && origins.get(i).loop().equals(session.loop())) {
        if (own.isEmpty()) {
          own = new ArrayList<>(origins.size() - i);
        }
        own.add(announced.messages().get(i).seq());
      }
    }
    return own;
  }

  private Parcel parcel(Address.Loop loop) {
    return parcels.computeIfAbsent(loop, unused -> new Parcel());
  }

  private static final class Parcel {
    final List<AppendAnswer> answers = new ArrayList<>();
    final List<Delivery> deliveries = new ArrayList<>();
    final List<ReceiptNotice> receipts = new ArrayList<>(0);
    final List<Kick> kicks = new ArrayList<>(0);
    final List<Hint> hints = new ArrayList<>(0);

    Outbound outbound() {
      return new Outbound(answers, deliveries, receipts, kicks, hints);
    }
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
