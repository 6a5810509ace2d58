package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Outbound;

/**
 * The read half of one event loop's sessions, as connections and sessions see it. Every call is
 * made on that event loop.
 */
public interface Recipients {
  /** Puts a session into the table, before it may sync: hints from now on are remembered. */
  void open(Recipient recipient);

  /** Forgets a session; its acks that are not yet stored are stored all the same. */
  void close(long session);

  /** Fresh entries; recipients that are gone are skipped. */
  void deliver(Outbound.Delivery delivery);

  void sync(long session, Frame.Sync sync);

  void syncAck(long session, Frame.SyncAck ack);

  void deliverAck(long session, ConversationId conversation, long seq);

  void readMark(long session, ConversationId conversation, long seq);

  /** History, Conversations, Members, Receipts or Mute; so many at once. */
  void request(long session, Frame request);

  /** The socket takes frames again. */
  void writable(long session);

  /** A session as the read half knows it. */
  record Recipient(
      long session,
      UserId user,
      long userKey,
      DeviceId device,
      long deviceKey,
      boolean deviceIsNew,
      Outlet outlet) {}
}
