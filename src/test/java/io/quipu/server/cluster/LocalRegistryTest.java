package io.quipu.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Registry.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class LocalRegistryTest {
  private static final UserId ALICE = new UserId("alice");
  private static final Address.Loop LOOP = new Address.Loop(new NodeId("n"), 0);

  private final LocalRegistry registry = new LocalRegistry();

  private static Entry entry(UserId user, String device, long generation, long session) {
    return new Entry(user, new DeviceId(device), generation, new SessionAddress(LOOP, session));
  }

  @Test
  void aNewerSessionOfADeviceMakesTheOlderGiveWay() {
    Entry older = entry(ALICE, "phone", 1, 1);
    Entry otherDevice = entry(ALICE, "laptop", 1, 2);
    assertThat(registry.register(older)).isEmpty();
    assertThat(registry.register(otherDevice)).isEmpty();
    assertThat(registry.register(entry(ALICE, "phone", 2, 3))).containsExactly(older);
  }

  @Test
  void anOlderSessionThatComesLateMakesNobodyGiveWay() {
    registry.register(entry(ALICE, "phone", 2, 1));
    assertThat(registry.register(entry(ALICE, "phone", 1, 2))).isEmpty();
  }

  @Test
  void theSameDeviceNameOfAnotherUserIsAnotherDevice() {
    registry.register(entry(ALICE, "phone", 1, 1));
    assertThat(registry.register(entry(new UserId("bob"), "phone", 2, 2))).isEmpty();
  }

  @Test
  void unregisteringTheOldOneLeavesItsSuccessor() {
    Entry older = entry(ALICE, "phone", 1, 1);
    Entry newer = entry(ALICE, "phone", 2, 2);
    registry.register(older);
    registry.register(newer);
    registry.unregister(older);
    assertThat(registry.locate(ALICE)).containsExactly(newer);
    registry.unregister(older);
    registry.unregister(newer);
    assertThat(registry.locate(ALICE)).isEmpty();
  }

  @Test
  void whatWasLocatedDoesNotChange() {
    registry.register(entry(ALICE, "phone", 1, 1));
    List<Entry> seen = registry.locate(ALICE);
    registry.register(entry(ALICE, "laptop", 1, 2));
    assertThat(seen).hasSize(1);
  }

  @Test
  void manyEventLoopsAtOnceLoseNobody() throws Exception {
    int threads = 4;
    int each = 500;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    CountDownLatch begin = new CountDownLatch(1);
    List<Future<List<Entry>>> kept = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      int first = thread * each;
      kept.add(
          pool.submit(
              () -> {
                List<Entry> mine = new ArrayList<>();
                begin.await();
                for (int i = 0; i < each; i++) {
                  Entry entry = entry(ALICE, "device" + (first + i), 1, first + i);
                  registry.register(entry);
                  if (i % 2 == 0) {
                    registry.unregister(entry);
                  } else {
                    mine.add(entry);
                  }
                }
                return mine;
              }));
    }
    begin.countDown();
    List<Entry> expected = new ArrayList<>();
    for (Future<List<Entry>> one : kept) {
      expected.addAll(one.get());
    }
    pool.shutdown();
    assertThat(registry.locate(ALICE)).containsExactlyInAnyOrderElementsOf(expected);
  }
}
