package io.quipu.server.sequencer;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.StoredContent;
import java.util.List;
import java.util.UUID;

/** Appends and states to feed a sequencer with; user keys are 1, 2, 3 for Alice, Bob, Carol. */
final class SequencerFixture {
  static final UserId ALICE = new UserId("alice");
  static final UserId BOB = new UserId("bob");
  static final UserId CAROL = new UserId("carol");
  static final ConversationId DIRECT = ConversationId.direct(ALICE, BOB);

  /** Created by Alice's send number 1. */
  static final ConversationId GROUP = ConversationId.group(ALICE, uuid(ALICE, 1));

  private SequencerFixture() {}

  static long keyOf(UserId user) {
    return user.equals(ALICE) ? 1 : user.equals(BOB) ? 2 : 3;
  }

  static UUID uuid(UserId user, int id) {
    return new UUID(keyOf(user), id);
  }

  static EntryId entryId(UserId user, int id) {
    return new EntryId(keyOf(user), uuid(user, id));
  }

  static Append append(
      ConversationId to,
      UserId sender,
      long link,
      int number,
      boolean first,
      int id,
      Content what) {
    return new Append(
        new SessionAddress(new Address.Loop(new NodeId("n"), 0), link),
        link,
        number,
        first,
        0,
        false,
        to,
        keyOf(sender),
        sender,
        uuid(sender, id),
        false,
        what);
  }

  static Append text(
      ConversationId to, UserId sender, long link, int number, boolean first, int id) {
    return append(to, sender, link, number, first, id, Content.Text.of("text " + id));
  }

  /** On a link of its own. */
  static Append text(ConversationId to, UserId sender, int id) {
    return text(to, sender, 1_000 + keyOf(sender) * 100 + id, 1, true, id);
  }

  static Append change(ConversationId to, UserId sender, int id, Change change) {
    return append(
        to, sender, 2_000 + keyOf(sender) * 100 + id, 1, true, id, new Content.Changed(change));
  }

  static Membership member(UserId user, Role role, long from, long to) {
    return new Membership(keyOf(user), user, role, from, to);
  }

  static Membership member(UserId user) {
    return member(user, Role.MEMBER, 1, Membership.OPEN);
  }

  static Membership owner(UserId user) {
    return member(user, Role.OWNER, 1, Membership.OPEN);
  }

  static Membership gone(UserId user) {
    return member(user, Role.MEMBER, 1, 2);
  }

  static ConversationState state(long tail, List<Membership> members, StoredId... found) {
    return new ConversationState(7, tail, members, List.of(found));
  }

  static StoredId stored(UserId user, int id, long seq) {
    ContentDigest digest = ContentDigest.of(StoredContent.of(Content.Text.of("text " + id)));
    return new StoredId(entryId(user, id), seq, 5, digest);
  }

  static StoredId voided(UserId user, int id) {
    return new StoredId(entryId(user, id), -1, 5, ContentDigest.NONE);
  }

  static Verdict acked(long seq) {
    return new Verdict.Stored(seq, 9, false);
  }

  static Verdict ackedAgain(long seq) {
    return new Verdict.Stored(seq, 5, true);
  }

  static Verdict notTaken(Reason reason) {
    return new Verdict.NotTaken(reason);
  }
}
