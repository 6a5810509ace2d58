package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Two nodes that know nothing of each other own the same conversations, as in a split network. The
 * key of the store is all that keeps them in order.
 */
final class TwoOwnersTest {
  private static final int AT_LEAST = 150;
  private static final int WITHOUT_END = 1_000_000;

  private final Vertx vertx = Vertx.vertx();
  private final List<SdkDevice> devices = new ArrayList<>();
  private TestNode here;
  private TestNode there;

  @BeforeEach
  void start() {
    String database = TestPostgres.freshDatabase();
    Map<String, String> small =
        Map.of("QUIPU_NODE_EVENT_LOOPS", "1", "QUIPU_RECIPIENT_LOOK_MS", "500");
    here = TestNode.start(database, small);
    there = TestNode.start(database, small);
  }

  @AfterEach
  void stop() {
    devices.forEach(SdkDevice::close);
    here.close();
    there.close();
    SdkDevice.await(vertx.close());
  }

  private SdkDevice device(TestNode node, String user, String scheme) {
    SdkDevice device = node.device(vertx, user, scheme);
    devices.add(device);
    return device.start();
  }

  @Test
  void whatTwoOwnersTakeIsOneDenseOrderForEverybody() {
    SdkDevice first = device(here, "ann", "tcp");
    device(here, "ben", "ws+json");
    device(there, "cem", "tcp");
    device(there, "dia", "ws");
    ConversationId group = first.createGroup(List.of("ben", "cem", "dia"));

    Chatter chatter = Chatter.start(group, devices, WITHOUT_END);
    // Nobody stops before everybody got his turn: the faster owner does not starve the other.
    SdkDevice.until(() -> devices.stream().allMatch(device -> device.acked().size() > AT_LEAST));
    chatter.stop();

    long tail = chatter.tail();
    assertThat(here.count("select count(*) from messages where seq > 0")).isEqualTo(tail);
    assertThat(here.count("select max(seq) from messages")).isEqualTo(tail);
    // Whoever is on the other node gets it by the look, without reconnecting.
    List<UUID> order = chatter.verdict(tail);
    Set<UUID> ofHere = new HashSet<>(devices.get(0).acked().keySet());
    ofHere.addAll(devices.get(1).acked().keySet());
    int turns = 0;
    for (int i = 1; i < order.size(); i++) {
      turns += ofHere.contains(order.get(i)) == ofHere.contains(order.get(i - 1)) ? 0 : 1;
    }
    assertThat(turns).as("times that the other owner came to write").isPositive();
  }
}
