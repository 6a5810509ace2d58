package io.quipu.it;

import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Two people who talk to each other while somebody else misbehaves: message and answer, one after
 * the other, each acked, delivered at its seq and confirmed, until they are stopped. The first that
 * is not ends the talk with an error.
 */
final class Bystanders implements AutoCloseable {
  private static final int PATIENCE_S = 60;

  /** They leave the machine to the others. */
  private static final int PAUSE_MS = 10;

  private final RawClient one;
  private final RawClient other;
  private final ConversationId conversation;
  private final CompletableFuture<Void> talk = new CompletableFuture<>();
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile long exchanged;

  private Bystanders(TestNode node) {
    String first = TestNode.fresh("bystander");
    String second = TestNode.fresh("bystander");
    one = RawClient.live(node, Dress.TCP, first, "phone");
    other = RawClient.live(node, Dress.WEBSOCKET_JSON, second, "browser");
    conversation = ConversationId.direct(new UserId(first), new UserId(second));
    Thread thread = new Thread(this::talk, "bystanders");
    thread.setDaemon(true);
    thread.start();
  }

  static Bystanders of(TestNode node) {
    return new Bystanders(node);
  }

  private void talk() {
    try {
      for (long seq = 1; stop.getCount() > 0; seq++) {
        RawClient sender = seq % 2 == 0 ? one : other;
        RawClient receiver = seq % 2 == 0 ? other : one;
        UUID id = UUID.randomUUID();
        Frame.SendAck ack = sender.ackOf(sender.send(id, conversation, "message " + seq));
        Frame.Deliver deliver = receiver.await(Frame.Deliver.class);
        check(ack.seq() == seq && !ack.duplicate(), ack);
        check(deliver.range().fromSeq() == seq && deliver.range().toSeq() == seq, deliver);
        check(deliver.range().messages().get(0).clientMessageId().equals(id), deliver);
        check(!deliver.redelivered(), deliver);
        sender.ackAndConfirm(conversation, seq);
        receiver.ackAndConfirm(conversation, seq);
        one.taken(Frame.class);
        other.taken(Frame.class);
        exchanged = seq;
        stop.await(PAUSE_MS, TimeUnit.MILLISECONDS);
      }
      talk.complete(null);
    } catch (RuntimeException | InterruptedException | Error e) {
      talk.completeExceptionally(e);
    }
  }

  private static void check(boolean right, Frame found) {
    if (!right) {
      throw new AssertionError("out of place: " + found);
    }
  }

  /** So many messages, since the beginning. */
  long exchanged() {
    return exchanged;
  }

  /** Ends the talk; fails if anything was lost in it. */
  @Override
  public void close() {
    stop.countDown();
    try {
      talk.get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("the bystanders were disturbed after " + exchanged, e);
    } finally {
      one.close();
      other.close();
    }
  }
}
