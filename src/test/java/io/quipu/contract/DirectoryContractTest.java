package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.UserId;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Directory.DeviceSession;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class DirectoryContractTest extends StoreContract {
  private DeviceSession open(UserId user, String device) {
    return await(store.directory().openSession(user, new DeviceId(device), 0, 2));
  }

  @Test
  void eachSessionOfADeviceHasTheNextGeneration() {
    UserId alice = newUser("alice");

    DeviceSession first = open(alice, "phone");
    DeviceSession second = open(alice, "phone");
    DeviceSession tablet = open(alice, "tablet");

    assertThat(first.generation()).isEqualTo(1);
    assertThat(first.deviceIsNew()).isTrue();
    assertThat(second.generation()).isEqualTo(2);
    assertThat(second.deviceIsNew()).isFalse();
    assertThat(second.deviceKey()).isEqualTo(first.deviceKey());
    assertThat(tablet.generation()).isEqualTo(1);
    assertThat(tablet.userKey()).isEqualTo(first.userKey());
    assertThat(tablet.deviceKey()).isNotEqualTo(first.deviceKey());
    assertThat(tablet.storeEpoch()).isEqualTo(first.storeEpoch()).isNotBlank();
  }

  @Test
  void theSameNameOfTwoUsersIsTwoDevices() {
    assertThat(open(newUser("alice"), "phone").deviceKey())
        .isNotEqualTo(open(newUser("bob"), "phone").deviceKey());
  }

  @Test
  void aUserHasSoManyDevicesAndNoMore() {
    UserId alice = newUser("alice");
    open(alice, "phone");
    open(alice, "tablet");

    assertThat(
            awaitFailure(store.directory().openSession(alice, new DeviceId("watch"), 0, 2)).code())
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(open(alice, "phone").generation()).isEqualTo(2);
  }

  @Test
  void sessionsThatOpenAtOnceHaveDifferentGenerations() {
    UserId alice = newUser("alice");
    List<Future<DeviceSession>> sessions =
        IntStream.range(0, 10)
            .mapToObj(i -> store.directory().openSession(alice, new DeviceId("phone"), 0, 2))
            .toList();
    await(Future.all(sessions));

    assertThat(sessions.stream().map(one -> one.result().generation()))
        .containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    assertThat(sessions.stream().map(one -> one.result().deviceKey()).distinct()).hasSize(1);
  }

  @Test
  void aUserKeepsHisKey() {
    UserId alice = newUser("alice");
    List<Future<Long>> keys =
        IntStream.range(0, 10).mapToObj(i -> store.directory().userKey(alice)).toList();
    await(Future.all(keys));

    assertThat(keys.stream().map(Future::result).distinct()).hasSize(1);
    assertThat(open(alice, "phone").userKey()).isEqualTo(keyOf(alice));
    assertThat(keyOf(newUser("alice"))).isNotEqualTo(keyOf(alice));
  }

  @Test
  void usersWhoseNamesDifferOnlyInBytesAreTwo() {
    UserId composed = new UserId("jos\u00e9");
    UserId decomposed = new UserId("jose\u0301");
    assertThat(keyOf(composed)).isNotEqualTo(keyOf(decomposed));
    assertThat(keyOf(new UserId("Case"))).isNotEqualTo(keyOf(new UserId("case")));
  }

  @Test
  void theMembersAreThoseOfNow() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner, carol);
    write(group.remove(2, carol));

    assertThat(await(store.directory().members(group.id())))
        .extracting(Membership::user)
        .containsExactly(owner);
    assertThat(
            await(
                store
                    .directory()
                    .members(ConversationId.group(newUser("nobody"), UUID.randomUUID()))))
        .isEmpty();
  }

  @Test
  void aWorkingStoreAnswersAPing() {
    await(store.directory().ping());
  }
}
