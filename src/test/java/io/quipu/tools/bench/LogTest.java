package io.quipu.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class LogTest {
  private static final UserId SENDER = new UserId("sender");
  private static final ConversationId PAIR = ConversationId.direct(SENDER, new UserId("receiver"));

  private final List<Long> taken = new ArrayList<>();
  private final List<Frame> out = new ArrayList<>();
  private final Log log = new Log(PAIR, (number, sentAt) -> taken.add(number), Optional.empty());

  /** A push of one message: the sender's number {@code number} at {@code seq}. */
  private void deliver(long seq, long number) {
    Message message = new Message(seq, SENDER, new UUID(7, number), 0, Log.body(number, 5, 20));
    MessageRange range = new MessageRange(PAIR, seq, seq, List.of(message), List.of());
    log.frame(new Frame.Deliver(range, false), out::add);
  }

  @Test
  void whatIsNextIsTakenAndAckedOnce() {
    deliver(1, 0);
    deliver(2, 1);
    log.acknowledge(out::add);
    log.acknowledge(out::add);

    assertThat(taken).containsExactly(0L, 1L);
    assertThat(out).containsExactly(new Frame.DeliverAck(PAIR, 2));
    assertThat(log.duplicates() + log.outOfOrder()).isZero();
  }

  @Test
  void whatComesAgainIsDroppedAndCounted() {
    deliver(1, 0);
    deliver(1, 0);

    assertThat(taken).containsExactly(0L);
    assertThat(log.redelivered()).isEqualTo(1);
    assertThat(log.duplicates()).isZero();
  }

  @Test
  void aGapIsSyncedOnce() {
    deliver(1, 0);
    deliver(3, 2);
    deliver(4, 3);

    assertThat(taken).containsExactly(0L);
    assertThat(out).singleElement().isInstanceOf(Frame.Sync.class);
  }

  @Test
  void oneMessageAtTwoSeqsIsADuplicate() {
    deliver(1, 0);
    deliver(2, 0);

    assertThat(log.duplicates()).isEqualTo(1);
  }

  @Test
  void aMessageBeforeItsPredecessorIsOutOfOrder() {
    deliver(1, 1);

    assertThat(log.outOfOrder()).isEqualTo(1);
  }

  @Test
  void theSendersOwnAckFillsItsPlace() {
    log.own(1, out::add);
    log.own(3, out::add);
    log.acknowledge(out::add);

    assertThat(log.cursor()).isEqualTo(1);
    assertThat(out)
        .hasSize(2)
        .anyMatch(Frame.Sync.class::isInstance)
        .contains(new Frame.DeliverAck(PAIR, 1));
  }
}
