package io.quipu.server.session;

import io.quipu.model.Advice;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Journal.SendFate;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.session.AppendLink.Step;
import io.quipu.server.session.AppendLink.Waiting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * The sends of one session: counts client_seqs, keeps the window, and knows what it has sent on and
 * not had answered. Pure.
 *
 * <p>Sends of one conversation stand on one {@link AppendLink} until it ends unresolved or a send
 * is refused with outcome UNKNOWN: from then on every other send to that conversation is refused
 * until that same id comes again, or is settled, or a later message would overtake an earlier one.
 * What is refused meanwhile must then come again as well, in its order: see {@link Unresolved}.
 *
 * <pre>
 * a send                                    answer
 * whose client_seq is not the next          the answer it had, none while it waits, or a jump
 * that names no conversation                INVALID_REQUEST
 * to a direct conversation of others        CONVERSATION_UNKNOWN  NOT_APPLIED
 * that erases a user                        NOT_ALLOWED
 * while another id is awaited there         EARLIER_SEND_UNRESOLVED
 * too large, a first attempt                BODY_TOO_LARGE        NOT_APPLIED
 * beyond the window                         SEND_WINDOW_FULL      and awaited from now on
 * sooner than his limit allows              RATE_LIMITED          the same
 * too large, of which a copy may travel     a void row first, then BODY_TOO_LARGE or SendAck
 * else                                      the owner's
 * </pre>
 */
final class Sends {
  /** What an hour allows has room again some time within that hour. */
  private static final int RATE_RETRY_MS = 60_000;

  private final SessionAddress address;
  private final Session.Rules rules;
  private final LongSupplier linkIds;
  private final SendPace sendPace;
  private final UserId user;
  private final long userKey;
  private final AnswerRing answers;

  /** Links with something unanswered. */
  private final Map<ConversationId, AppendLink> links = new HashMap<>();

  private final Map<Long, ConversationId> conversationOfLink = new HashMap<>();

  private final Unresolved unresolved;

  /** client_seqs that were taken and have no answer yet. */
  private final Set<Integer> unanswered = new HashSet<>();

  private int lastClientSeq;
  private int unansweredBytes;

  Sends(
      SessionAddress address,
      Session.Rules rules,
      LongSupplier linkIds,
      SendPace sendPace,
      UserId user,
      long userKey) {
    this.address = address;
    this.rules = rules;
    this.linkIds = linkIds;
    this.sendPace = sendPace;
    this.user = user;
    this.userKey = userKey;
    int window = rules.limits().sendWindowMessages();
    this.answers = new AnswerRing(window);
    this.unresolved =
        new Unresolved(rules.maxUnresolved(), Math.max(window, rules.maxUnresolved()));
  }

  /** True while something waits for an owner. */
  boolean waitForOwners() {
    return !links.isEmpty();
  }

  boolean allAnswered() {
    return unanswered.isEmpty();
  }

  /** More waits to come again than a client in order has. */
  boolean tooManyUnresolved() {
    return unresolved.tooMany();
  }

  /** The fate of this send is known for good: others may follow it. */
  void settled(ConversationId conversation, UUID clientMessageId) {
    unresolved.settled(conversation, clientMessageId);
  }

  /** An owner has answered. */
  void answered(AppendAnswer answer, long nowMs, List<SessionEffect> effects) {
    ConversationId conversation = conversationOfLink.get(answer.link());
    if (conversation != null) {
      AppendLink link = links.get(conversation);
      follow(conversation, link, link.answered(answer, nowMs), effects);
    }
  }

  /** Sends on again what waits too long, and gives up what has waited its time. */
  void tick(long nowMs, List<SessionEffect> effects) {
    for (AppendLink link : List.copyOf(links.values())) {
      Step step = link.tick(nowMs, rules.appendRetryMs(), rules.limits().sendTimeoutMs());
      follow(conversationOfLink.get(link.link()), link, step, effects);
    }
  }

  /** What waits for these owners goes to those who come after them, at once. */
  void ownersLost(
      Predicate<ConversationId> conversations, long nowMs, List<SessionEffect> effects) {
    for (AppendLink link : List.copyOf(links.values())) {
      ConversationId conversation = conversationOfLink.get(link.link());
      if (conversations.test(conversation)) {
        follow(conversation, link, link.ownerLost(nowMs), effects);
      }
    }
  }

  /** A resend could not be made definite now. */
  void endFailed(SessionEffect.End asked, QuipuException reason, List<SessionEffect> effects) {
    reject(
        asked.clientSeq(),
        asked.clientMessageId(),
        Optional.of(asked.conversation()),
        reason.code(),
        reason.outcome(),
        reason.getMessage(),
        effects);
  }

  /** True if this client_seq is the next one; else it has been answered. */
  private boolean takesItsPlace(
      int clientSeq, UUID id, Optional<ConversationId> conversation, List<SessionEffect> effects) {
    if (clientSeq == lastClientSeq + 1) {
      lastClientSeq = clientSeq;
      return true;
    }
    if (clientSeq > lastClientSeq) {
      effects.add(
          new SessionEffect.Reply(
              new Frame.SendRejected(
                  clientSeq,
                  id,
                  conversation,
                  ErrorCode.CLIENT_SEQ_JUMP,
                  Outcome.UNKNOWN,
                  0,
                  lastClientSeq + 1,
                  "expected client_seq " + (lastClientSeq + 1))));
    } else if (!unanswered.contains(clientSeq)) {
      effects.add(
          new SessionEffect.Reply(
              answers
                  .get(clientSeq)
                  .orElseGet(
                      () ->
                          new Frame.SendRejected(
                              clientSeq,
                              id,
                              conversation,
                              ErrorCode.CLIENT_SEQ_FORGOTTEN,
                              Outcome.UNKNOWN,
                              0,
                              0,
                              "the answer is no longer kept: send the id again, or ask"
                                  + " SendStatus"))));
    }
    return false;
  }

  void invalidSend(Frame.InvalidSend invalid, List<SessionEffect> effects) {
    if (takesItsPlace(invalid.clientSeq(), invalid.clientMessageId(), Optional.empty(), effects)) {
      reject(
          invalid.clientSeq(),
          invalid.clientMessageId(),
          Optional.empty(),
          invalid.code(),
          invalid.resend() ? Outcome.UNKNOWN : Outcome.NOT_APPLIED,
          invalid.detail(),
          effects);
    }
  }

  void send(Frame.Send send, long nowMs, List<SessionEffect> effects) {
    UUID id = send.clientMessageId();
    Optional<ConversationId> named = conversationOf(send);
    if (!takesItsPlace(send.clientSeq(), id, named, effects)) {
      return;
    }
    Outcome neverSentOn = send.resend() ? Outcome.UNKNOWN : Outcome.NOT_APPLIED;
    if (named.isEmpty()) {
      reject(
          send.clientSeq(),
          id,
          named,
          ErrorCode.INVALID_REQUEST,
          neverSentOn,
          "a send names a conversation or a user",
          effects);
      return;
    }
    ConversationId conversation = named.get();
    if (conversation.isDirect() && !conversation.isDirectOf(user)) {
      reject(
          send.clientSeq(),
          id,
          named,
          ErrorCode.CONVERSATION_UNKNOWN,
          Outcome.NOT_APPLIED,
          "no such conversation",
          effects);
      return;
    }
    if (send.content() instanceof Content.Changed changed
        && changed.change() instanceof Change.EraseUser) {
      reject(
          send.clientSeq(),
          id,
          named,
          ErrorCode.NOT_ALLOWED,
          neverSentOn,
          "users are erased by the server",
          effects);
      return;
    }
    Optional<UUID> awaited = unresolved.next(conversation);
    if (awaited.isPresent() && !awaited.get().equals(id)) {
      refuseForNow(
          send,
          conversation,
          ErrorCode.EARLIER_SEND_UNRESOLVED,
          rules.appendRetryMs(),
          "first send " + awaited.get() + " again, or cancel it",
          effects);
      return;
    }
    boolean tooLarge = bodyBytes(send.content()) > rules.limits().maxBodyBytes();
    // Of what is awaited here a copy may travel, whatever the client says.
    boolean copyMayTravel = send.resend() || awaited.isPresent();
    if (tooLarge && !copyMayTravel) {
      reject(
          send.clientSeq(),
          id,
          named,
          ErrorCode.BODY_TOO_LARGE,
          Outcome.NOT_APPLIED,
          tooLargeDetail(send),
          effects);
      return;
    }
    int bytes = sizeOf(send.content());
    boolean manyBytes = unansweredBytes + bytes > rules.limits().sendWindowBytes();
    if (unanswered.size() >= rules.limits().sendWindowMessages()
        || manyBytes && !unanswered.isEmpty() && !tooLarge) {
      refuseForNow(
          send,
          conversation,
          ErrorCode.SEND_WINDOW_FULL,
          rules.appendRetryMs(),
          "wait for answers before sending more",
          effects);
      return;
    }
    if (tooLarge) {
      // Its earlier copy is from a time with another limit: only a void row makes its end definite.
      unanswered.add(send.clientSeq());
      unresolved.addLast(conversation, id);
      effects.add(
          new SessionEffect.End(
              send.clientSeq(), conversation, id, ErrorCode.BODY_TOO_LARGE, tooLargeDetail(send)));
      return;
    }
    int waitMs = sendPace.send(user, isCreation(send.content()));
    if (waitMs > 0) {
      // Not NOT_APPLIED, also where no copy travels: what he sent behind it must stay behind it.
      refuseForNow(
          send,
          conversation,
          ErrorCode.RATE_LIMITED,
          waitMs,
          "sent too much in this time",
          effects);
      return;
    }
    unresolved.settled(conversation, id);
    sendOn(send, copyMayTravel, conversation, bytes, nowMs, effects);
  }

  /** What comes after it must wait until it has come again. */
  private void refuseForNow(
      Frame.Send send,
      ConversationId conversation,
      ErrorCode code,
      int retryAfterMs,
      String detail,
      List<SessionEffect> effects) {
    unresolved.addLast(conversation, send.clientMessageId());
    answer(
        new Frame.SendRejected(
            send.clientSeq(),
            send.clientMessageId(),
            Optional.of(conversation),
            code,
            Outcome.UNKNOWN,
            retryAfterMs,
            0,
            detail),
        send.clientSeq(),
        effects);
  }

  private Optional<ConversationId> conversationOf(Frame.Send send) {
    if (send.conversation().isPresent()) {
      return send.conversation();
    }
    if (send.toUser().isPresent()) {
      return Optional.of(ConversationId.direct(user, send.toUser().get()));
    }
    return isCreation(send.content())
        ? Optional.of(ConversationId.group(user, send.clientMessageId()))
        : Optional.empty();
  }

  /** Whether it is the first entry of a group. */
  static boolean isCreation(Content content) {
    return content instanceof Content.Changed changed && changed.change() instanceof Change.Create;
  }

  private String tooLargeDetail(Frame.Send send) {
    return bodyBytes(send.content())
        + " bytes of content, at most "
        + rules.limits().maxBodyBytes()
        + " are allowed";
  }

  /** A resend that may not be stored was made void, or is stored. */
  void ended(SessionEffect.End asked, SendFate fate, List<SessionEffect> effects) {
    unresolved.settled(asked.conversation(), asked.clientMessageId());
    if (fate.state() == SendState.STORED) {
      answer(
          new Frame.SendAck(
              asked.clientSeq(),
              asked.clientMessageId(),
              asked.conversation(),
              fate.seq(),
              fate.storedAtMs(),
              true),
          asked.clientSeq(),
          effects);
    } else {
      reject(
          asked.clientSeq(),
          asked.clientMessageId(),
          Optional.of(asked.conversation()),
          asked.code(),
          Outcome.NOT_APPLIED,
          asked.detail(),
          effects);
    }
  }

  private void sendOn(
      Frame.Send send,
      boolean copyMayTravel,
      ConversationId conversation,
      int bytes,
      long nowMs,
      List<SessionEffect> effects) {
    AppendLink link = links.get(conversation);
    if (link == null) {
      link = new AppendLink(linkIds.getAsLong());
      links.put(conversation, link);
      conversationOfLink.put(link.link(), conversation);
    }
    Append append =
        new Append(
            address,
            link.link(),
            link.nextNumber(),
            link.isEmpty(),
            link.attempt(),
            false,
            conversation,
            userKey,
            user,
            send.clientMessageId(),
            copyMayTravel,
            send.content());
    link.add(append, send.clientSeq(), bytes, nowMs);
    unanswered.add(send.clientSeq());
    unansweredBytes += bytes;
    effects.add(new SessionEffect.Route(List.of(append)));
  }

  /** What a link asks for is done here, for the client and for the owner. */
  private void follow(
      ConversationId conversation, AppendLink link, Step step, List<SessionEffect> effects) {
    if (step instanceof Step.SendOn again) {
      effects.add(new SessionEffect.Route(again.appends()));
    } else if (step instanceof Step.Answered answered) {
      unansweredBytes -= answered.send().bytes();
      answered(conversation, link, answered.send(), answered.verdict(), effects);
      if (link.isEmpty()) {
        forget(conversation, link);
      }
    } else if (step instanceof Step.Unresolved end) {
      forget(conversation, link);
      unresolved.addFirst(conversation, idsOf(end.sends()));
      rejectAll(end.sends(), end.code(), "no answer in time: send the same id again", effects);
    }
  }

  private void answered(
      ConversationId conversation,
      AppendLink link,
      Waiting send,
      Verdict verdict,
      List<SessionEffect> effects) {
    UUID id = send.append().clientMessageId();
    if (verdict instanceof Verdict.Stored stored) {
      answer(
          new Frame.SendAck(
              send.clientSeq(),
              id,
              conversation,
              stored.seq(),
              stored.storedAtMs(),
              stored.duplicate()),
          send.clientSeq(),
          effects);
      return;
    }
    Verdict.Refused refused = (Verdict.Refused) verdict;
    reject(
        send.clientSeq(),
        id,
        Optional.of(conversation),
        refused.code(),
        refused.outcome(),
        refused.detail(),
        effects);
    if (refused.outcome() == Outcome.UNKNOWN) {
      // What else is on this run must come again as well, in its order.
      List<Waiting> rest = link.endAll();
      List<Waiting> inOrder = new ArrayList<>(rest);
      inOrder.add(send);
      inOrder.sort(Comparator.comparingInt(one -> one.append().number()));
      unresolved.addFirst(conversation, idsOf(inOrder));
      rejectAll(
          rest,
          ErrorCode.EARLIER_SEND_UNRESOLVED,
          "first send " + inOrder.get(0).append().clientMessageId() + " again, or cancel it",
          effects);
    }
  }

  private void forget(ConversationId conversation, AppendLink link) {
    links.remove(conversation);
    conversationOfLink.remove(link.link());
  }

  private static List<UUID> idsOf(List<Waiting> sends) {
    return sends.stream().map(send -> send.append().clientMessageId()).toList();
  }

  private void rejectAll(
      List<Waiting> sends, ErrorCode code, String detail, List<SessionEffect> effects) {
    for (Waiting send : sends) {
      unansweredBytes -= send.bytes();
      reject(
          send.clientSeq(),
          send.append().clientMessageId(),
          Optional.of(send.append().conversation()),
          code,
          Outcome.UNKNOWN,
          detail,
          effects);
    }
  }

  private void reject(
      int clientSeq,
      UUID id,
      Optional<ConversationId> conversation,
      ErrorCode code,
      Outcome outcome,
      String detail,
      List<SessionEffect> effects) {
    int retryAfterMs = code.advice() == Advice.RETRY_SAME_ID ? rules.appendRetryMs() : 0;
    if (code == ErrorCode.RATE_LIMITED) {
      retryAfterMs = RATE_RETRY_MS;
    }
    answer(
        new Frame.SendRejected(clientSeq, id, conversation, code, outcome, retryAfterMs, 0, detail),
        clientSeq,
        effects);
  }

  private void answer(Frame frame, int clientSeq, List<SessionEffect> effects) {
    unanswered.remove(clientSeq);
    answers.put(clientSeq, frame);
    effects.add(new SessionEffect.Reply(frame));
  }

  /** What the limit of a body is about. */
  private static int bodyBytes(Content content) {
    if (content instanceof Content.Changed changed) {
      return changed.change() instanceof Change.Edit edit ? sizeOf(edit.content()) : 0;
    }
    return sizeOf(content);
  }

  private static int sizeOf(Content content) {
    if (content instanceof Content.Text text) {
      return text.utf8().size();
    }
    return content instanceof Content.Body body
        ? body.bytes().size()
        : StoredContent.of(content).bytes().size();
  }
}
