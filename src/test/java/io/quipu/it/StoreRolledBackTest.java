package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.ClientEvent;
import io.quipu.it.RawClient.Dress;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An operator restores a copy of the store, and gives it a new epoch: clients learn that what they
 * have is gone, owners begin at the end of what is there, and everybody goes on from it together.
 */
final class StoreRolledBackTest {
  private static final int KEPT = 20;
  private static final int LOST = 10;
  private static final int AFTERWARDS = 15;

  private final Vertx vertx = Vertx.vertx();
  private final List<MisbehavingProxy> proxies = new ArrayList<>();
  private final List<SdkDevice> devices = new ArrayList<>();
  private final ConversationId talk = ConversationId.direct(new UserId("alice"), new UserId("bob"));

  @TempDir private Path folder;

  @AfterEach
  void close() {
    devices.forEach(SdkDevice::close);
    proxies.forEach(MisbehavingProxy::close);
    SdkDevice.await(vertx.close());
  }

  @Test
  void clientsGetAResetAndOwnersTheEndOfWhatIsLeft() {
    try (TroubledPostgres postgres = TroubledPostgres.in(folder.resolve("store"))) {
      String uri = postgres.freshDatabase();
      String epoch;
      try (TestNode node = TestNode.start(uri, Map.of())) {
        device(node, "alice", "tcp");
        device(node, "bob", "ws+json");
        say(KEPT, 1);
        epoch = epochAt(node);
      }
      postgres.stop();
      postgres.copyTo(folder.resolve("copy"));
      postgres.start();
      try (TestNode node = TestNode.start(uri, Map.of())) {
        comeTo(node);
        assertThat(epochAt(node)).as("after a restart").isEqualTo(epoch);
        say(LOST, KEPT + 1);
        assertThat(devices)
            .allSatisfy(device -> assertThat(device.events(ClientEvent.Reset.class)).isEmpty());
      }
      postgres.stop();
      postgres.restoreFrom(folder.resolve("copy"));
      postgres.start();
      TroubledPostgres.run(uri, "update store set epoch = gen_random_uuid()");
      try (TestNode node = TestNode.start(uri, Map.of())) {
        comeTo(node);
        assertThat(epochAt(node)).as("after the restore").isNotEqualTo(epoch);
        say(AFTERWARDS, KEPT + 1);
        for (SdkDevice device : devices) {
          assertThat(device.events(ClientEvent.Reset.class))
              .containsExactly(new ClientEvent.Reset(talk, KEPT));
          List<SdkDevice.Entry> anew =
              device.log(talk).subList(KEPT + LOST, device.log(talk).size());
          assertThat(anew.stream().map(SdkDevice.Entry::seq))
              .isEqualTo(LongStream.rangeClosed(KEPT + 1, KEPT + AFTERWARDS).boxed().toList());
          assertThat(anew.stream().map(SdkDevice.Entry::id)).isEqualTo(stored(node, KEPT));
        }
        rawClientsAreToldTheSame(node);
        devices.forEach(SdkDevice::close);
        devices.clear();
      }
    }
  }

  private void device(TestNode node, String user, String scheme) {
    MisbehavingProxy proxy = MisbehavingProxy.before(vertx, node, scheme, 0);
    proxies.add(proxy);
    devices.add(proxy.device(node, user, scheme).start());
  }

  private void comeTo(TestNode node) {
    proxies.forEach(proxy -> proxy.leadTo(node));
    for (SdkDevice device : devices) {
      SdkDevice.await(device.client().awaitSynced());
    }
  }

  /** In turns; everybody has all of it at its place, and has acked it, when this returns. */
  private void say(int messages, long firstSeq) {
    int before = devices.get(0).log(talk).size();
    for (int i = 0; i < messages; i++) {
      assertThat(SdkDevice.await(devices.get(i % 2).send(UUID.randomUUID(), talk, "hi")).seq())
          .isEqualTo(firstSeq + i);
    }
    for (int i = 0; i < devices.size(); i++) {
      SdkDevice device = devices.get(i);
      MisbehavingProxy proxy = proxies.get(i);
      SdkDevice.until(() -> device.log(talk).size() >= before + messages);
      SdkDevice.until(
          () -> {
            List<Frame.AckConfirm> confirms = proxy.passed(Frame.AckConfirm.class);
            return !confirms.isEmpty()
                && confirms.get(confirms.size() - 1).seq() == firstSeq + messages - 1;
          });
    }
  }

  private static String epochAt(TestNode node) {
    try (RawClient client = RawClient.connect(node, Dress.TCP, "carol", "phone")) {
      return client.connected().storeEpoch();
    }
  }

  private List<UUID> stored(TestNode node, long aboveSeq) {
    try (RawClient fresh = RawClient.connect(node, Dress.TCP, "bob", "fresh")) {
      Frame.Sync above = new Frame.Sync(1, List.of(new Cursor(talk, aboveSeq)), false, false);
      return new Transcript(fresh, talk).take(fresh.sync(above)).ids();
    }
  }

  /** A cursor beyond the end gets the reset and nothing else. */
  private void rawClientsAreToldTheSame(TestNode node) {
    long tail = KEPT + AFTERWARDS;
    for (Dress dress : Dress.values()) {
      try (RawClient client = RawClient.connect(node, dress, "bob", "raw-" + dress)) {
        List<Frame.SyncPage> pages =
            client.sync(new Frame.Sync(1, List.of(new Cursor(talk, tail + 7)), false, false));
        assertThat(pages).hasSize(1);
        assertThat(pages.get(0).resets()).containsExactly(new Cursor(talk, tail));
        assertThat(pages.get(0).ranges()).isEmpty();
      }
    }
  }
}
