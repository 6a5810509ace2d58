package io.quipu.server.connection;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.protocol.Frame;
import io.quipu.protocol.FrameCodec;
import io.quipu.protocol.SharedFrame;
import io.quipu.server.metrics.Dress;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.recipient.Outlet;
import io.quipu.server.session.Sessions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One socket: frames of its session in, frames out, all of a turn in one write. What waits to be
 * written is bounded: nothing new is pushed while the socket is full, and a peer that does not take
 * even its answers is cut.
 */
public final class Connection implements Outlet {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

  private final Wire wire;
  private final Dress dress;
  private final FrameCodec codec;
  private final Rules rules;
  private final ConnectionVerticle home;
  private final Sessions.Handle session;
  private final DeadlineWheel.Entry<Connection> deadline = new DeadlineWheel.Entry<>(this);
  private List<byte[]> outgoing = new ArrayList<>();
  private long outgoingBytes;
  private long unwrittenBytes;
  private boolean flushDue;
  private boolean closing;
  private long heardMs;
  private boolean heardSomething;

  /** Since when a frame is there in part; 0 = none is. */
  private long partialSinceMs;

  private Optional<ErrorCode> closedFor = Optional.empty();

  /**
   * @param handshakeMs from accept to Connected
   * @param frameMs from the first byte of a frame to its last
   * @param idleMs without a frame of the client
   * @param maxPendingBytes not yet taken by the socket; beyond it the connection is cut
   * @param closeGraceMs from a close to a cut
   */
  public record Rules(
      int handshakeMs,
      int frameMs,
      int idleMs,
      int maxFrameBytes,
      int maxFrameBytesBeforeConnect,
      int maxPendingBytes,
      int closeGraceMs) {}

  Connection(
      Wire wire,
      Dress dress,
      FrameCodec codec,
      Rules rules,
      ConnectionVerticle home,
      Sessions sessions,
      long acceptedMs) {
    this.wire = wire;
    this.dress = dress;
    this.codec = codec;
    this.rules = rules;
    this.home = home;
    this.heardMs = acceptedMs;
    this.session = sessions.open(this, wire.remote());
    home.wheel().set(deadline, acceptedMs + rules.handshakeMs());
  }

  /** How long a frame may be now. */
  int maxFrameBytes() {
    return session.isConnecting() ? rules.maxFrameBytesBeforeConnect() : rules.maxFrameBytes();
  }

  /** Bytes of one frame have arrived. */
  void frame(byte[] bytes, int offset, int length) {
    if (closing) {
      return;
    }
    heardSomething = true;
    home.metrics().framesReceived(1);
    partialSinceMs = 0; // this one is whole; what is behind it has its own time
    try {
      session.received(codec.decode(bytes, offset, length));
    } catch (QuipuException e) {
      unreadable(e);
    } catch (RuntimeException | AssertionError e) {
      session.on(LOG.atError()).setCause(e).log("a bug: the connection is closed");
      close(ErrorCode.BUG, 0, "internal error");
    }
  }

  /**
   * A frame with something in it that may not be; what follows can be read unless it is no frame.
   */
  void unreadable(QuipuException reason) {
    ErrorCode code = reason.code();
    boolean lost = code == ErrorCode.MALFORMED_FRAME || code == ErrorCode.FRAME_TOO_LARGE;
    if (lost || session.isConnecting()) {
      close(code, 0, reason.getMessage());
    } else {
      send(
          new Frame.Error(code.code(), code.advice(), 0, reason.getMessage(), Optional.empty(), 0));
    }
  }

  @Override
  public void send(Frame frame) {
    count(frame);
    write(codec.encode(frame));
  }

  @Override
  public void send(SharedFrame frame) {
    count(frame.frame());
    write(frame.encodedBy(codec));
  }

  private void count(Frame frame) {
    Metrics metrics = home.metrics();
    metrics.framesWritten(1);
    if (frame instanceof Frame.Deliver deliver) {
      int messages = deliver.range().messages().size();
      if (deliver.redelivered()) {
        metrics.redelivered(messages);
      } else {
        metrics.delivered(messages);
      }
    } else if (frame instanceof Frame.SyncPage) {
      metrics.syncPageWritten();
    } else if (frame instanceof Frame.SyncDone) {
      metrics.syncDone();
    } else if (frame instanceof Frame.HistoryPage) {
      metrics.historyPageRead();
    }
  }

  private void write(byte[] frame) {
    if (closing) {
      return;
    }
    outgoing.add(frame);
    outgoingBytes += frame.length;
    if (outgoingBytes + unwrittenBytes > rules.maxPendingBytes()) {
      home.closed(session, ErrorCode.SLOW_CONSUMER, "it does not read: cut");
      closing = true;
      closedFor = Optional.of(ErrorCode.SLOW_CONSUMER);
      drop();
      wire.cut();
      return;
    }
    if (!flushDue) {
      flushDue = true;
      home.atTheEndOfTheTurn(this);
    }
  }

  /** Writes what this turn has gathered. */
  void flush() {
    flushDue = false;
    if (outgoing.isEmpty()) {
      return;
    }
    List<byte[]> frames = outgoing;
    long bytes = outgoingBytes;
    outgoing = new ArrayList<>(Math.min(frames.size(), 16));
    outgoingBytes = 0;
    unwrittenBytes += bytes;
    wire.write(frames).onComplete(written -> unwrittenBytes -= bytes);
  }

  private void drop() {
    outgoing = new ArrayList<>(0);
    outgoingBytes = 0;
    session.gone();
  }

  @Override
  public boolean writable() {
    return !closing && !wire.isFull();
  }

  /** The socket takes frames again. */
  void drained() {
    session.writable();
  }

  @Override
  public void close(ErrorCode reason, int retryAfterMs, String detail) {
    if (closing) {
      return;
    }
    home.closed(session, reason, detail);
    // A stranger gets no grace: he may have opened thousands.
    int graceMs = session.tokenExpiresAtMs() == 0 ? 0 : rules.closeGraceMs();
    send(new Frame.GoAway(reason.code(), reason.advice(), retryAfterMs, detail));
    closing = true;
    closedFor = Optional.of(reason);
    flush();
    session.gone();
    wire.close(reason.closeCode(), detail);
    home.wheel().set(deadline, home.clock().nowMs() + graceMs);
  }

  /** The socket has ended, from whichever side. */
  void gone() {
    closing = true;
    home.wheel().drop(deadline);
    drop();
  }

  Dress dress() {
    return dress;
  }

  /** Why this node closed it; empty if the peer went. */
  Optional<ErrorCode> closedFor() {
    return closedFor;
  }

  /** After a chunk of bytes: is part of a frame waiting for the rest? */
  void partial(boolean inFrame, long nowMs) {
    if (!inFrame) {
      partialSinceMs = 0;
    } else if (partialSinceMs == 0 && !closing && !session.isConnecting()) {
      partialSinceMs = nowMs;
      home.wheel().set(deadline, nowMs + rules.frameMs());
    }
  }

  /** Bytes have arrived, not yet a frame perhaps. */
  void heard(long nowMs) {
    heardMs = nowMs;
  }

  /** The deadline of this connection has come: is something too late? */
  void check(long nowMs) {
    if (closing) {
      wire.cut();
      return;
    }
    if (session.isConnecting()) {
      close(
          ErrorCode.HANDSHAKE_TIMEOUT,
          0,
          heardSomething ? "not connected in time" : "no Connect in time");
      return;
    }
    if (partialSinceMs > 0 && nowMs - partialSinceMs >= rules.frameMs()) {
      close(ErrorCode.IDLE_TIMEOUT, 0, "half a frame for " + rules.frameMs() + " ms");
      return;
    }
    if (nowMs - heardMs >= rules.idleMs()) {
      close(ErrorCode.IDLE_TIMEOUT, 0, "nothing heard for " + rules.idleMs() + " ms");
      return;
    }
    session.tick(); // an expired token ends the session
    if (!closing) {
      long tokenLeftMs = Math.max(0, session.tokenExpiresAtMs() - home.clock().unixMs());
      long next = Math.min(heardMs + rules.idleMs(), nowMs + tokenLeftMs);
      if (partialSinceMs > 0) {
        next = Math.min(next, partialSinceMs + rules.frameMs());
      }
      home.wheel().set(deadline, Math.max(next, nowMs + 1));
    }
  }
}
