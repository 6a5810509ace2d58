package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.quipu.server.recipient.CursorBuffer.Flying;
import io.quipu.server.recipient.RecipientSession.Read;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** One session with a log in memory and an outlet that remembers; reads are served on demand. */
final class Scene {
  static final UserId ALICE = new UserId("alice");
  static final UserId BOB = new UserId("bob");
  static final ConversationId TALK = ConversationId.direct(ALICE, BOB);
  static final long DEVICE = 7;
  static final long SESSION = 1;

  static final RecipientLimits LIMITS =
      new RecipientLimits(
          8, 100_000, 5_000, 3, 10, 200, 100, 300, 2, 100, 4, 48_000, 5, 1_000, 4, 2, 1_000, 100,
          100, 2_000);

  final MemoryLog log = new MemoryLog();
  final RecipientLimits limits;
  final CursorBuffer cursors;
  final Line outlet = new Line();
  final RecipientSession session;
  long nowMs = 1_000;

  Scene() {
    this(LIMITS, false);
  }

  Scene(RecipientLimits limits, boolean newDevice) {
    this.limits = limits;
    this.cursors = new CursorBuffer(limits.maxOutstanding() * 2, limits.maxPendingCursors());
    this.session =
        new RecipientSession(
            new Recipients.Recipient(
                SESSION, ALICE, 1, new DeviceId("phone"), DEVICE, newDevice, outlet),
            limits,
            cursors.join(DEVICE, ALICE, 1, SESSION));
  }

  /** A scene whose session has synced an empty log. */
  static Scene live() {
    return live(LIMITS);
  }

  static Scene live(RecipientLimits limits) {
    Scene scene = new Scene(limits, false);
    scene.sync();
    scene.serve();
    scene.outlet.frames.clear();
    return scene;
  }

  static final class Line implements Outlet {
    final List<Frame> frames = new ArrayList<>();
    boolean writable = true;
    Optional<ErrorCode> closed = Optional.empty();

    @Override
    public void send(Frame frame) {
      frames.add(frame);
    }

    @Override
    public void send(SharedFrame frame) {
      frames.add(frame.frame());
    }

    @Override
    public boolean writable() {
      return writable;
    }

    @Override
    public void close(ErrorCode reason, int retryAfterMs, String detail) {
      closed = Optional.of(reason);
    }

    <F extends Frame> List<F> of(Class<F> kind) {
      return frames.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** {@code 3..5}, with an r when it is a repetition. */
    List<String> delivers() {
      return of(Frame.Deliver.class).stream()
          .map(d -> d.range().fromSeq() + ".." + d.range().toSeq() + (d.redelivered() ? "r" : ""))
          .toList();
    }

    List<String> pages() {
      return of(Frame.SyncPage.class).stream()
          .map(
              p ->
                  p.page()
                      + ":"
                      + String.join(
                          ",",
                          p.ranges().stream().map(r -> r.fromSeq() + ".." + r.toSeq()).toList()))
          .toList();
    }
  }

  void commit(int count, UserId sender) {
    commit(TALK, count, sender);
  }

  void commit(ConversationId conversation, int count, UserId sender) {
    for (int i = 0; i < count; i++) {
      log.append(conversation, sender);
    }
  }

  void hint(long fromSeq, long toSeq) {
    hint(TALK, fromSeq, toSeq);
  }

  void hint(ConversationId conversation, long fromSeq, long toSeq) {
    session.deliver(
        delivery(log.range(conversation, fromSeq, toSeq)),
        Sizes.bytes(log.range(conversation, fromSeq, toSeq)),
        true,
        nowMs);
  }

  static Outbound.Delivery delivery(MessageRange range) {
    return new Outbound.Delivery(
        range, new SharedFrame(new Frame.Deliver(range, false)), new long[] {SESSION}, List.of());
  }

  /** The immediate fan-out of a range with some messages of this session. */
  void ownHint(long fromSeq, long toSeq, Long... own) {
    session.deliverRest(log.range(TALK, fromSeq, toSeq), Arrays.asList(own), true, nowMs);
  }

  void sync(Cursor... claimed) {
    session.sync(new Frame.Sync(1, List.of(claimed), false, false), nowMs);
  }

  void ack(long seq) {
    session.deliverAck(TALK, seq, nowMs);
  }

  void look() {
    look(TALK);
  }

  void look(ConversationId conversation) {
    session.look(
        new DeviceBehind(
            DEVICE, conversation, log.cursor(DEVICE, conversation), log.tail(conversation)),
        nowMs);
  }

  /** Lets time pass, and wakes the session where it asked for it. */
  void pass(long ms) {
    long end = nowMs + ms;
    for (int i = 0; session.wakeAtMs() <= end; i++) {
      if (i == 1_000) {
        throw new AssertionError("woken again and again at " + nowMs);
      }
      nowMs = Math.max(nowMs, session.wakeAtMs());
      session.wake(nowMs);
      serve();
    }
    nowMs = end;
  }

  /** Ends every read that the session wants. */
  void serve() {
    for (int i = 0; serveOne(); i++) {
      if (i == 1_000) {
        throw new AssertionError("reads without an end");
      }
    }
  }

  Optional<Read> next() {
    return session.hasWork() ? session.next(nowMs) : Optional.empty();
  }

  boolean serveOne() {
    Optional<Read> next = next();
    next.ifPresent(this::end);
    return next.isPresent();
  }

  void end(Read read) {
    if (read instanceof Read.Plan plan) {
      session.planned(
          plan,
          log.behindNow(DEVICE, plan.claimed(), plan.sync().onlyListed(), plan.part()),
          nowMs);
    } else if (read instanceof Read.Page page) {
      session.paged(
          page,
          log.readNow(page.request().ranges(), limits.pageMessages(), limits.pageBytes()),
          nowMs);
    } else if (read instanceof Read.Log some) {
      session.read(
          some,
          log.readNow(
              some.reading().ranges(), some.reading().maxMessages(), some.reading().maxBytes()),
          nowMs);
    } else if (read instanceof Read.News news) {
      log.since(ALICE, news.since(), news.after(), limits.pageMessages())
          .onSuccess(found -> session.news(news, found, nowMs));
    } else if (read instanceof Read.Tails tails) {
      session.tails(tails, log.behindNow(DEVICE, tails.claimed(), false, tails.part()));
    }
  }

  void flush() {
    List<Flying> batch = cursors.take(100);
    log.storeNow(
        batch.stream()
            .map(f -> new CursorWrite(1, f.holder().key, f.conversation(), f.seq()))
            .toList());
    cursors.settled(batch);
  }

  static List<Long> seqs(List<Message> messages) {
    return messages.stream().map(Message::seq).toList();
  }
}
