package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.journal.Cursors.CursorWrite;
import io.quipu.server.journal.Cursors.ReadMarkWrite;
import io.quipu.server.journal.Cursors.Stored;
import io.quipu.server.journal.Directory.DeviceSession;
import io.quipu.server.journal.MessageLog.Behind;
import io.quipu.server.journal.MessageLog.Part;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class CursorsContractTest extends StoreContract {
  private static CursorWrite cursor(DeviceSession device, ConversationId id, long seq) {
    return new CursorWrite(device.userKey(), device.deviceKey(), id, seq);
  }

  private List<Boolean> store(CursorWrite... writes) {
    return await(store.cursors().store(List.of(writes))).counts();
  }

  private long stored(DeviceSession device, UserId user, ConversationId id) {
    return await(
            store
                .messageLog()
                .behind(user, device.deviceKey(), List.of(), false, Part.mostRecent(100)))
        .stream()
        .filter(behind -> behind.conversation().equals(id))
        .map(Behind::storedCursor)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aCursorRisesAndNeverFalls() {
    Talk talk = talk(5);
    DeviceSession device = session(talk.bob());

    assertThat(store(cursor(device, talk.id(), 3))).containsExactly(true);
    assertThat(stored(device, talk.bob(), talk.id())).isEqualTo(3);
    assertThat(store(cursor(device, talk.id(), 2))).containsExactly(true);
    assertThat(stored(device, talk.bob(), talk.id())).isEqualTo(3);
    assertThat(store(cursor(device, talk.id(), 4))).containsExactly(true);
    assertThat(stored(device, talk.bob(), talk.id())).isEqualTo(4);
  }

  @Test
  void aCursorBeyondTheTailDoesNotCount() {
    Talk talk = talk(2);
    DeviceSession device = session(talk.bob());

    assertThat(store(cursor(device, talk.id(), 3), cursor(device, talk.id(), 0)))
        .containsExactly(false, false);
    assertThat(stored(device, talk.bob(), talk.id())).isZero();
  }

  @Test
  void aCursorOfAStrangerOrOfNoConversationDoesNotCount() {
    Talk talk = talk(2);
    DeviceSession stranger = session(newUser("stranger"));
    ConversationId unknown = ConversationId.group(newUser("nobody"), UUID.randomUUID());

    assertThat(store(cursor(stranger, talk.id(), 1), cursor(stranger, unknown, 1)))
        .containsExactly(false, false);
  }

  @Test
  void aCursorEndsWhereTheMembershipDid() {
    UserId carol = newUser("carol");
    Group group = group(newUser("owner"), carol);
    write(group.remove(2, carol));
    write(group.text(3, "without carol"));
    DeviceSession device = session(carol);

    assertThat(store(cursor(device, group.id(), 3), cursor(device, group.id(), 2)))
        .containsExactly(false, true);
  }

  @Test
  void aCursorMayStandBeforeAnIntervalSinceGapsAreMovedOver() {
    UserId carol = newUser("carol");
    Group group = group(newUser("owner"));
    write(group.text(2, "before carol"));
    write(group.add(3, carol));
    DeviceSession device = session(carol);

    assertThat(store(cursor(device, group.id(), 2))).containsExactly(true);
  }

  @Test
  void manyCursorsAreOneBatchAndTheHighestOfADeviceCounts() {
    Talk one = talk(5);
    Talk other = talk(5);
    DeviceSession bob = session(one.bob());
    DeviceSession alice = session(one.alice());
    DeviceSession otherBob = session(other.bob());

    assertThat(
            store(
                cursor(bob, one.id(), 2),
                cursor(bob, one.id(), 4),
                cursor(bob, one.id(), 3),
                cursor(alice, one.id(), 1),
                cursor(bob, other.id(), 1),
                cursor(otherBob, other.id(), 2)))
        .containsExactly(true, true, true, true, false, true);
    assertThat(stored(bob, one.bob(), one.id())).isEqualTo(4);
    assertThat(stored(alice, one.alice(), one.id())).isEqualTo(1);
    assertThat(stored(otherBob, other.bob(), other.id())).isEqualTo(2);
  }

  @Test
  void twoSessionsOfADeviceThatFlushAtOnceKeepTheHigher() {
    Talk talk = talk(20);
    DeviceSession device = session(talk.bob());
    List<Future<Stored>> flushes = new ArrayList<>();
    for (int seq = 1; seq <= 19; seq++) {
      flushes.add(store.cursors().store(List.of(cursor(device, talk.id(), (seq * 7) % 20))));
    }
    await(Future.all(flushes));

    assertThat(stored(device, talk.bob(), talk.id())).isEqualTo(19);
  }

  @Test
  void readMarksFollowTheSameRule() {
    Talk talk = talk(3);
    UserId stranger = newUser("stranger");

    assertThat(
            await(
                    store
                        .cursors()
                        .storeReadMarks(
                            List.of(
                                new ReadMarkWrite(talk.bobKey(), talk.id(), 2),
                                new ReadMarkWrite(talk.bobKey(), talk.id(), 1),
                                new ReadMarkWrite(talk.bobKey(), talk.id(), 4),
                                new ReadMarkWrite(keyOf(stranger), talk.id(), 1))))
                .counts())
        .containsExactly(true, true, false, false);
  }

  @Test
  void nothingToStoreIsNothing() {
    assertThat(store()).isEmpty();
  }
}
