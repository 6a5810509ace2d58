package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.JournalWriter;
import io.quipu.server.journal.MessageLog.RangeRequest;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange.Joined;
import io.quipu.server.journal.NewEntry.MemberChange.Left;
import io.quipu.server.journal.Written;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class JournalWriterContractTest extends StoreContract {
  @Test
  void whatIsWrittenIsTheTailAndIsFoundByItsId() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();

    Written written = write(talk.text(1, id, "hello"));

    assertThat(written.leftOut()).isEmpty();
    var state = load(talk.id(), talk.idOf(id));
    assertThat(state.tail()).isEqualTo(1);
    assertThat(state.found())
        .singleElement()
        .satisfies(
            found -> {
              assertThat(found.seq()).isEqualTo(1);
              assertThat(found.storedAtMs()).isEqualTo(written.storedAtMs());
            });
  }

  @Test
  void anOwnerWithAStaleTailIsLeftOutWhole() {
    Talk talk = talk(3);

    Written written = write(talk.text(3, "stale", "and more", "and more"));

    assertThat(written.leftOut()).containsExactly(talk.key());
    assertThat(load(talk.id()).tail()).isEqualTo(3);
  }

  @Test
  void anIdThatIsTakenLeavesOutItsConversationWhole() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();
    write(talk.text(1, id, "first"));

    Written written =
        write(
            new Batch(
                talk.key(),
                List.of(talk.entry(2, UUID.randomUUID(), "new"), talk.entry(3, id, "the old id"))));

    assertThat(written.leftOut()).containsExactly(talk.key());
    assertThat(load(talk.id()).tail()).isEqualTo(1);
  }

  @Test
  void theSameIdInAnotherConversationOrOfAnotherSenderIsAnother() {
    Talk one = talk(0);
    Talk other = talk(0);
    UUID id = UUID.randomUUID();
    NewEntry ofBob =
        new NewEntry(
            2,
            new io.quipu.server.journal.EntryId(one.bobKey(), id),
            io.quipu.model.Content.Text.of("bob's"),
            List.of());

    Written written =
        write(
            new Batch(one.key(), List.of(one.entry(1, id, "alice's"), ofBob)),
            other.text(1, id, "elsewhere"));

    assertThat(written.leftOut()).isEmpty();
  }

  @Test
  void aBadConversationHurtsNoOtherInABigBatch() {
    List<Talk> talks = new ArrayList<>();
    List<Batch> batches = new ArrayList<>();
    String[] texts = new String[16];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = "text " + i;
    }
    for (int i = 0; i < 16; i++) {
      Talk talk = talk(i == 7 ? 2 : 0);
      talks.add(talk);
      batches.add(talk.text(1, texts));
    }

    Written written = write(batches.toArray(Batch[]::new));

    assertThat(written.leftOut()).containsExactly(talks.get(7).key());
    for (int i = 0; i < 16; i++) {
      assertThat(load(talks.get(i).id()).tail()).isEqualTo(i == 7 ? 2 : 16);
    }
  }

  @Test
  void twoOwnersThatFightOverOneConversationKeepItDense() {
    Talk talk = talk(0);
    int rounds = 25;
    Future<Integer> one = fight(newWriter(), talk, "one", rounds);
    Future<Integer> other = fight(newWriter(), talk, "other", rounds);
    await(Future.all(one, other));

    var range =
        await(
                store
                    .messageLog()
                    .read(
                        talk.bob(), List.of(new RangeRequest(talk.id(), 1, 1_000)), 1_000, 100_000))
            .get(0);
    assertThat(range.messages()).hasSize(2 * rounds);
    assertThat(range.messages().stream().map(message -> message.clientMessageId()).distinct())
        .hasSize(2 * rounds);
    assertThat(range.gaps()).isEmpty();
  }

  /**
   * Writes at the tail that it sees, until all are in: what an owner does that believes itself one.
   */
  private Future<Integer> fight(JournalWriter owner, Talk talk, String name, int left) {
    if (left == 0) {
      return Future.succeededFuture(0);
    }
    return store
        .journal()
        .load(talk.id(), question(talk.id(), List.of(), List.of()))
        .compose(
            state ->
                owner.write(List.of(talk.text(state.orElseThrow().tail() + 1, name + " " + left))))
        .compose(
            written -> fight(owner, talk, name, written.leftOut().isEmpty() ? left - 1 : left));
  }

  @Test
  void aRowThatTheStoreRefusesIsRefusedAndNothingIsWritten() {
    Talk bad = talk(0);
    Talk good = talk(0);
    store.backdoor().refuse(ByteString.copyFromUtf8("the refused one"));

    QuipuException failure =
        awaitFailure(
            writer.write(
                List.of(good.text(1, "fine"), bad.text(1, "fine too", "the refused one"))));

    assertThat(failure.code()).isEqualTo(ErrorCode.STORE_REFUSED);
    assertThat(failure.outcome()).isEqualTo(Outcome.NOT_APPLIED);
    assertThat(load(good.id()).tail()).isZero();
    assertThat(load(bad.id()).tail()).isZero();
    assertThat(write(good.text(1, "fine")).leftOut()).isEmpty();
  }

  @Test
  void anIdThatIsVoidIsTaken() {
    Talk talk = talk(1);
    UUID id = UUID.randomUUID();
    await(store.journal().voidSend(talk.id(), talk.alice(), id));

    assertThat(write(talk.text(2, id, "late copy")).leftOut()).containsExactly(talk.key());
    assertThat(write(talk.text(2, "next")).leftOut()).isEmpty();
  }

  @Test
  void membersComeAndGoWithTheEntriesThatSaySo() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    UserId dave = newUser("dave");
    Group group = group(owner, carol);
    write(group.text(2, "between"));
    write(group.remove(3, carol));
    write(group.text(4, "without carol"));
    write(
        group.change(
            5,
            new Change.Add(List.of(carol, dave)),
            List.of(new Joined(carol, Role.MEMBER), new Joined(dave, Role.MEMBER))));

    var members = load(group.id()).members();
    assertThat(members)
        .containsExactlyInAnyOrder(
            new Membership(keyOf(owner), owner, Role.OWNER, 1, Membership.OPEN),
            new Membership(keyOf(carol), carol, Role.MEMBER, 1, 3),
            new Membership(keyOf(carol), carol, Role.MEMBER, 5, Membership.OPEN),
            new Membership(keyOf(dave), dave, Role.MEMBER, 5, Membership.OPEN));
    assertThat(members).isSortedAccordingTo(java.util.Comparator.comparing(Membership::fromSeq));
  }

  @Test
  void oneEntryMayTakeOneMemberAndBringAnother() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    UserId dave = newUser("dave");
    Group group = group(owner, carol);

    write(
        group.change(
            2,
            new Change.Add(List.of(dave)),
            List.of(new Left(carol), new Joined(dave, Role.OWNER))));

    assertThat(await(store.directory().members(group.id())))
        .extracting(Membership::user)
        .containsExactly(owner, dave);
  }

  @Test
  void aChangeThatIsLeftOutChangesNobody() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner, carol);
    Talk other = talk(0);
    write(group.text(2, "unseen by the stale owner"));

    Written written = write(group.remove(2, carol), other.text(1, "fine"));
    Written renamed = write(group.change(2, new Change.Rename("stale"), List.of()));

    assertThat(written.leftOut()).containsExactly(group.key());
    assertThat(renamed.leftOut()).containsExactly(group.key());
    assertThat(load(other.id()).tail()).isEqualTo(1);
    assertThat(await(store.directory().members(group.id())))
        .extracting(Membership::user)
        .containsExactly(owner, carol);
    assertThat(store.backdoor().title(group.id())).isEqualTo("the title");
  }

  @Test
  void twoOwnersThatAddTheSameMemberAddHimOnce() {
    UserId owner = newUser("owner");
    UserId carol = newUser("carol");
    Group group = group(owner);

    Future<Written> one = newWriter().write(List.of(group.add(2, carol)));
    Future<Written> other = newWriter().write(List.of(group.add(2, carol)));
    await(Future.all(one, other));

    assertThat(List.of(one.result().leftOut(), other.result().leftOut()))
        .containsExactlyInAnyOrder(Set.of(), Set.of(group.key()));
    assertThat(await(store.directory().members(group.id()))).hasSize(2);
  }

  @Test
  void theTitleIsTheLastOneGiven() {
    Group group = group(newUser("owner"));
    assertThat(store.backdoor().title(group.id())).isEqualTo("the title");

    write(group.change(2, new Change.Rename("another"), List.of()));

    assertThat(store.backdoor().title(group.id())).isEqualTo("another");
  }
}
