package io.quipu.contract;

import static io.quipu.contract.Awaiting.await;
import static io.quipu.contract.Awaiting.awaitFailure;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class JournalContractTest extends StoreContract {
  private static final SendFate VOID = new SendFate(SendState.VOID, 0, 0);
  private static final SendFate NOT_SEEN = new SendFate(SendState.NOT_SEEN, 0, 0);

  @Test
  void aDirectConversationComesIntoBeingWhenItIsAskedFor() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");

    var state = load(ConversationId.direct(alice, bob));

    assertThat(state.tail()).isZero();
    assertThat(state.members())
        .containsExactlyInAnyOrder(
            new Membership(keyOf(alice), alice, Role.MEMBER, 1, Membership.OPEN),
            new Membership(keyOf(bob), bob, Role.MEMBER, 1, Membership.OPEN));
  }

  @Test
  void aConversationWithOneselfHasOneMember() {
    UserId alice = newUser("alice");

    assertThat(load(ConversationId.direct(alice, alice)).members()).hasSize(1);
  }

  @Test
  void manyWhoMakeTheSameDirectConversationGetTheSame() {
    UserId alice = newUser("alice");
    UserId bob = newUser("bob");
    ConversationId id = ConversationId.direct(alice, bob);

    var loads =
        java.util.stream.IntStream.range(0, 8)
            .mapToObj(i -> store.journal().load(id, question(id, List.of(), List.of())))
            .toList();
    await(Future.all(loads));

    assertThat(loads).allSatisfy(one -> assertThat(one.result()).contains(load(id)));
    assertThat(load(id).members()).hasSize(2);
  }

  @Test
  void aGroupThatNobodyHasMadeIsEmptyAndThenHasNoMembers() {
    UserId owner = newUser("owner");
    ConversationId group = ConversationId.group(owner, UUID.randomUUID());
    assertThat(await(store.journal().load(group, question(group, List.of(), List.of())))).isEmpty();

    await(store.journal().createGroup(group, owner));
    await(store.journal().createGroup(group, owner));

    assertThat(load(group).members()).isEmpty();
    assertThat(load(group).tail()).isZero();
  }

  @Test
  void theDigestTellsWhetherTheContentIsTheSame() {
    Talk talk = talk(0);
    List<Content> contents =
        List.of(
            Content.Text.of("grüße 🐏"),
            new Content.Body(ByteString.copyFrom(new byte[] {0, 1, -1, 0})),
            new Content.Body(ByteString.EMPTY),
            new Content.Changed(new Change.Rename("a title")));
    for (int i = 0; i < contents.size(); i++) {
      UUID id = UUID.randomUUID();
      Content content = contents.get(i);
      write(new Batch(talk.key(), List.of(new NewEntry(i + 1, talk.idOf(id), content, List.of()))));
      ContentDigest digest = ContentDigest.of(StoredContent.of(content));

      assertThat(load(talk.id(), talk.idOf(id)).found())
          .singleElement()
          .satisfies(found -> assertThat(found.digest()).isEqualTo(digest));

      store.backdoor().erase(talk.id(), i + 1);
      assertThat(load(talk.id(), talk.idOf(id)).found())
          .singleElement()
          .satisfies(found -> assertThat(found.digest()).isEqualTo(digest));
    }
  }

  @Test
  void onlyTheIdsThatAreStoredAreFound() {
    Talk talk = talk(0);
    UUID stored = UUID.randomUUID();
    UUID voided = UUID.randomUUID();
    write(talk.text(1, stored, "hello"));
    await(store.journal().voidSend(talk.id(), talk.alice(), voided));

    var found =
        load(talk.id(), talk.idOf(stored), talk.idOf(voided), talk.idOf(UUID.randomUUID())).found();

    assertThat(found).hasSize(2);
    assertThat(found).filteredOn(one -> one.id().equals(talk.idOf(stored))).hasSize(1);
    assertThat(found)
        .filteredOn(one -> one.isVoid())
        .singleElement()
        .satisfies(
            one -> {
              assertThat(one.id()).isEqualTo(talk.idOf(voided));
              assertThat(one.digest()).isEqualTo(ContentDigest.NONE);
            });
  }

  @Test
  void aVoidSendStaysVoidAndTakesNoPlaceInTheLog() {
    Talk talk = talk(2);
    UUID id = UUID.randomUUID();

    assertThat(await(store.journal().voidSend(talk.id(), talk.bob(), id))).isEqualTo(VOID);
    assertThat(await(store.journal().voidSend(talk.id(), talk.bob(), id))).isEqualTo(VOID);
    assertThat(await(store.journal().fateOf(talk.id(), talk.bob(), id))).isEqualTo(VOID);
    assertThat(load(talk.id()).tail()).isEqualTo(2);
  }

  @Test
  void aStoredSendCannotBecomeVoid() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();
    long storedAtMs = write(talk.text(1, id, "hello")).storedAtMs();
    SendFate stored = new SendFate(SendState.STORED, 1, storedAtMs);

    assertThat(await(store.journal().voidSend(talk.id(), talk.alice(), id))).isEqualTo(stored);
    assertThat(await(store.journal().fateOf(talk.id(), talk.alice(), id))).isEqualTo(stored);
  }

  @Test
  void manyWhoVoidTheSameSendAgree() {
    Talk talk = talk(1);
    UUID id = UUID.randomUUID();

    var fates =
        java.util.stream.IntStream.range(0, 8)
            .mapToObj(i -> store.journal().voidSend(talk.id(), talk.alice(), id))
            .toList();
    await(Future.all(fates));

    assertThat(fates).allSatisfy(fate -> assertThat(fate.result()).isEqualTo(VOID));
  }

  @Test
  void anIdOfAnotherSenderIsNotSeen() {
    Talk talk = talk(0);
    UUID id = UUID.randomUUID();
    write(talk.text(1, id, "alice's"));

    assertThat(await(store.journal().fateOf(talk.id(), talk.bob(), id))).isEqualTo(NOT_SEEN);
  }

  @Test
  void aStrangerHearsOfNoConversationAndWritesNothing() {
    Talk talk = talk(1);
    Group group = group(newUser("owner"));
    UserId stranger = newUser("stranger");
    long strangerKey = keyOf(stranger);
    UUID id = UUID.randomUUID();
    ConversationId absent = ConversationId.group(newUser("nobody"), UUID.randomUUID());

    for (ConversationId conversation : List.of(talk.id(), group.id(), absent)) {
      assertThat(awaitFailure(store.journal().voidSend(conversation, stranger, id)).code())
          .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
      assertThat(awaitFailure(store.journal().fateOf(conversation, stranger, id)).code())
          .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    }
    assertThat(load(talk.id(), new io.quipu.server.journal.EntryId(strangerKey, id)).found())
        .isEmpty();
  }

  @Test
  void whoHasLeftStillLearnsTheFateOfHisSends() {
    UserId carol = newUser("carol");
    Group group = group(newUser("owner"), carol);
    write(group.remove(2, carol));

    assertThat(await(store.journal().voidSend(group.id(), carol, UUID.randomUUID())))
        .isEqualTo(VOID);
  }

  @Test
  void theFirstSendOfADirectConversationCanBeVoidedBeforeItExists() {
    UserId alice = newUser("alice");
    ConversationId id = ConversationId.direct(alice, newUser("bob"));
    UUID first = UUID.randomUUID();

    assertThat(await(store.journal().fateOf(id, alice, first))).isEqualTo(NOT_SEEN);
    assertThat(await(store.journal().voidSend(id, alice, first))).isEqualTo(VOID);
    assertThat(load(id).members()).hasSize(2);
  }

  @Test
  void theMakingOfAGroupCanBeVoidedByItsMakerOnly() {
    UserId owner = newUser("owner");
    UserId other = newUser("other");
    UUID making = UUID.randomUUID();
    ConversationId id = ConversationId.group(owner, making);

    assertThat(await(store.journal().fateOf(id, owner, making))).isEqualTo(NOT_SEEN);
    assertThat(awaitFailure(store.journal().voidSend(id, other, making)).code())
        .isEqualTo(ErrorCode.CONVERSATION_UNKNOWN);
    assertThat(await(store.journal().voidSend(id, owner, making))).isEqualTo(VOID);

    Group late = new Group(id, load(id).conversationKey(), keyOf(owner));
    Batch lateCopy =
        new Batch(
            late.key(),
            List.of(
                new NewEntry(
                    1,
                    new io.quipu.server.journal.EntryId(late.ownerKey(), making),
                    new Content.Changed(new Change.Create("too late", List.of())),
                    List.of(new NewEntry.MemberChange.Joined(owner, Role.OWNER)))));
    assertThat(write(lateCopy).leftOut()).containsExactly(late.key());
    assertThat(load(id).members()).isEmpty();
  }
}
