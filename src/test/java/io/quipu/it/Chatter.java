package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.Stored;
import io.quipu.model.ConversationId;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;

/**
 * Everybody sends into one conversation, several at once, until told to stop; and then the verdict:
 * every send is acked once, stored at the acked seq, in its sender's order, and every device's
 * application got all of it once, in order.
 */
final class Chatter {
  private static final int IN_FLIGHT = 8;

  private final ConversationId conversation;
  private final List<SdkDevice> devices;
  private final List<List<UUID>> sent = new ArrayList<>();
  private final List<Future<?>> lanes = new ArrayList<>();
  private final AtomicInteger acks = new AtomicInteger();
  private volatile boolean stopped;

  private Chatter(ConversationId conversation, List<SdkDevice> devices) {
    this.conversation = conversation;
    this.devices = devices;
  }

  /**
   * @param most a device sends at most so many; then it waits for the others
   */
  static Chatter start(ConversationId conversation, List<SdkDevice> devices, int most) {
    Chatter chatter = new Chatter(conversation, devices);
    for (SdkDevice device : devices) {
      List<UUID> order = new ArrayList<>();
      chatter.sent.add(order);
      for (int lane = 0; lane < IN_FLIGHT; lane++) {
        chatter.lanes.add(chatter.lane(device, order, most / IN_FLIGHT));
      }
    }
    return chatter;
  }

  private Future<Void> lane(SdkDevice device, List<UUID> order, int left) {
    if (left == 0 || stopped) {
      return Future.succeededFuture();
    }
    UUID id = device.client().newId();
    Future<Stored> end;
    synchronized (order) {
      order.add(id);
      end = device.send(id, conversation, "message");
    }
    return end.compose(
        stored -> {
          acks.incrementAndGet();
          return lane(device, order, left - 1);
        });
  }

  /** So many of its sends are acked by now. */
  int acks() {
    return acks.get();
  }

  /** Sends that have no answer yet. */
  int inFlight() {
    int all = 0;
    for (List<UUID> order : sent) {
      synchronized (order) {
        all += order.size();
      }
    }
    return all - acks.get();
  }

  /** No new sends; those under way end. */
  void stop() {
    stopped = true;
    SdkDevice.await(Future.join(lanes));
  }

  /** The ids in the order of their seqs, once every device has them all. */
  List<UUID> verdict(long tail) {
    SdkDevice first = devices.get(0);
    for (SdkDevice device : devices) {
      assertThat(device.failed()).isEmpty();
      SdkDevice.until(() -> device.log(conversation).size() >= tail);
      assertThat(device.log(conversation).stream().map(SdkDevice.Entry::seq))
          .isEqualTo(LongStream.rangeClosed(1, tail).boxed().toList());
      assertThat(device.log(conversation)).isEqualTo(first.log(conversation));
    }
    Map<UUID, Long> places = new HashMap<>();
    first.log(conversation).forEach(entry -> places.put(entry.id(), entry.seq()));
    assertThat(places).as("ids are unique").hasSize((int) tail);
    for (int i = 0; i < devices.size(); i++) {
      assertThat(sent.get(i).stream().map(places::get)).as("sender %d", i).isSorted();
      for (Stored stored : devices.get(i).acked().values()) {
        if (stored.conversation().equals(conversation)) {
          assertThat(places).containsEntry(stored.clientMessageId(), stored.seq());
        }
      }
    }
    return first.log(conversation).stream().map(SdkDevice.Entry::id).toList();
  }

  /** Everything that was sent, and the creation. */
  long tail() {
    return 1 + sent.stream().mapToLong(List::size).sum();
  }
}
