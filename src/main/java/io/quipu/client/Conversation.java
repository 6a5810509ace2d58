package io.quipu.client;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Limits;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.QuipuException;
import io.quipu.model.ReceiptState;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * One conversation, as a client's user sees it. It holds nothing: make as many as you like. All
 * that changes something is a send, and its Future fails as {@link QuipuClient#send} says;
 * questions fail with CONVERSATION_UNKNOWN for who was never a member.
 */
public final class Conversation {
  /** {@link #mute} until somebody ends it. */
  public static final long FOR_EVER = Long.MAX_VALUE;

  private final QuipuClient client;
  private final ConversationId id;

  Conversation(QuipuClient client, ConversationId id) {
    this.client = client;
    this.id = id;
  }

  /** Its name, the same for everybody. */
  public ConversationId id() {
    return id;
  }

  // ---- messages

  /** Sends a text. */
  public Future<Stored> send(String text) {
    return client.send(id, text);
  }

  /** Sends a text or bytes. */
  public Future<Stored> send(Content content) {
    return client.send(id, content);
  }

  /**
   * Puts another text in the place of a message's. Fails with MESSAGE_UNKNOWN, MESSAGE_RECALLED,
   * TOO_LATE or NOT_ALLOWED.
   *
   * @param seq of the message
   */
  public Future<Stored> edit(long seq, String text) {
    return edit(seq, Content.Text.of(text));
  }

  /** As {@link #edit(long, String)}. */
  public Future<Stored> edit(long seq, Content content) {
    return change(new Change.Edit(seq, content));
  }

  /**
   * Takes a message's content back. Fails with MESSAGE_UNKNOWN, MESSAGE_RECALLED, TOO_LATE or
   * NOT_ALLOWED.
   *
   * @param seq of the message
   */
  public Future<Stored> recall(long seq) {
    return change(new Change.Recall(seq));
  }

  /**
   * Reacts to a message.
   *
   * @param key an emoji, or any 1 to 32 bytes without control characters
   */
  public Future<Stored> react(long seq, String key) {
    return change(new Change.React(seq, key, false));
  }

  /** Takes a reaction away again. */
  public Future<Stored> unreact(long seq, String key) {
    return change(new Change.React(seq, key, true));
  }

  // ---- the past

  /** From the newest message backwards. */
  public History history() {
    return new History(before -> client.historyBefore(id, before, 0), false, 0);
  }

  /** From the message below a seq backwards. */
  public History historyBefore(long seq) {
    return new History(before -> client.historyBefore(id, before, 0), false, seq);
  }

  /**
   * From the message above a seq forwards.
   *
   * @param seq at least 1
   */
  public History historyAfter(long seq) {
    return new History(after -> client.historyAfter(id, after, 0), true, seq);
  }

  /** A message and its neighbours. */
  public Future<HistorySlice> historyAround(long seq, int limit) {
    return client.historyAround(id, seq, limit);
  }

  // ---- who is here

  /** Title, role, last message, unread count, mute. */
  public Future<ConversationSummary> summary() {
    return client
        .ask(
            number -> new Frame.Conversations(number, "", 0, Optional.of(id)),
            Frame.ConversationsPage.class)
        .map(
            page ->
                page.conversations().stream()
                    .findFirst()
                    .orElseThrow(
                        () ->
                            new QuipuException(
                                ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + id)));
  }

  /** The members now, by name. */
  public Pages<Member> members() {
    return new Pages<>(
        from ->
            client
                .ask(number -> new Frame.Members(number, id, from, 0), Frame.MembersPage.class)
                .map(page -> new Pages.Page<>(page.members(), page.nextPage())));
  }

  /** Adds members of a group; who is one already is passed over. */
  public Future<Stored> add(List<UserId> members) {
    return change(new Change.Add(members));
  }

  /** Removes members of a group; who is none is passed over. */
  public Future<Stored> remove(List<UserId> members) {
    return change(new Change.Remove(members));
  }

  /** Leaves a group. The last owner cannot leave others behind: NOT_ALLOWED. */
  public Future<Stored> leave() {
    return change(new Change.Leave());
  }

  /** Gives a group another title of at most 256 bytes. */
  public Future<Stored> rename(String title) {
    return change(new Change.Rename(title));
  }

  /** Changes what is named in these settings, for those who join from then on. */
  public Future<Stored> configure(GroupSettings settings) {
    return change(new Change.Configure(settings));
  }

  /** Makes a member an owner, an admin or a plain member; for owners. */
  public Future<Stored> setRole(UserId user, Role role) {
    return change(new Change.SetRole(user, role));
  }

  /** In a direct conversation: the other one can no longer write here, and is not told. */
  public Future<Stored> block() {
    return change(new Change.Block());
  }

  /** Ends a block. */
  public Future<Stored> unblock() {
    return change(new Change.Unblock());
  }

  private Future<Stored> change(Change change) {
    return client.send(id, new Content.Changed(change));
  }

  // ---- marks and hints

  /** This user has read up to here: his other devices and the senders learn it. */
  public void markRead(long seq) {
    client.readMark(id, seq);
  }

  /**
   * No notifications until then; the user's other devices learn it.
   *
   * @param untilMs Unix time; {@link #FOR_EVER}
   */
  public void mute(long untilMs) {
    client.mute(id, untilMs);
  }

  /** Notifications again. */
  public void unmute() {
    client.mute(id, 0);
  }

  /** The user is writing; call it every few seconds while he does. */
  public void typing() {
    client.typing(id);
  }

  /**
   * How far the messages have come with each member now, himself among them, by name. In direct
   * conversations and groups of at most {@link Limits#receiptGroupMembers} members receipts come by
   * themselves, as {@link ClientEvent.Receipt}; ask where the past of them is to be shown, and in
   * bigger groups. What is news of it comes as such an event, too.
   */
  public Pages<MemberReceipt> receipts() {
    return new Pages<>(
        from ->
            client
                .ask(number -> new Frame.Receipts(number, id, from, 0), Frame.ReceiptsPage.class)
                .map(page -> new Pages.Page<>(page.entries(), page.nextPage())));
  }

  /**
   * How far this user's messages have come on their way to another one, by the receipts of this
   * run.
   *
   * @return the highest seq; 0 = none is known
   */
  public Future<Long> receivedBy(UserId user, ReceiptState state) {
    return client.receivedBy(id, user, state);
  }

  @Override
  public String toString() {
    return id.value();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Conversation that && that.id.equals(id) && that.client == client;
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }
}
