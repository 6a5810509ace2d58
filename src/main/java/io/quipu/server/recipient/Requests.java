package io.quipu.server.recipient;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.HistoryPages;
import io.quipu.server.journal.HistoryPages.Question;
import io.quipu.server.journal.Lists;
import io.quipu.server.journal.Receipts;
import io.quipu.server.people.Attendance;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** What a session may ask beside its sync, and the answer to each. */
public final class Requests {
  private final HistoryPages history;
  private final Lists lists;
  private final Receipts receipts;
  private final Attendance attendance;
  private final int pageItems;
  private final int pageBytes;

  /**
   * @param pageItems of one page of a list
   * @param pageBytes of one page of conversations
   */
  public Requests(
      HistoryPages history,
      Lists lists,
      Receipts receipts,
      Attendance attendance,
      int pageItems,
      int pageBytes) {
    this.history = history;
    this.lists = lists;
    this.receipts = receipts;
    this.attendance = attendance;
    this.pageItems = pageItems;
    this.pageBytes = pageBytes;
  }

  /** What an answer, or an Error in its place, refers to. */
  record Subject(Optional<ConversationId> conversation, int number) {
    static Subject of(Frame request) {
      if (request instanceof Frame.History history) {
        return new Subject(Optional.of(history.conversation()), history.request());
      }
      if (request instanceof Frame.Conversations list) {
        return new Subject(list.only(), list.request());
      }
      if (request instanceof Frame.Members members) {
        return new Subject(Optional.of(members.conversation()), members.request());
      }
      if (request instanceof Frame.Receipts receipts) {
        return new Subject(Optional.of(receipts.conversation()), receipts.request());
      }
      if (request instanceof Frame.Mute mute) {
        return new Subject(Optional.of(mute.conversation()), 0);
      }
      throw new IllegalArgumentException("no request: " + request.getClass().getSimpleName());
    }
  }

  /** The frame to answer with; empty if silence says that it is done. */
  Future<Optional<Frame>> answer(SessionAddress session, UserId user, Frame request) {
    if (request instanceof Frame.History asked) {
      return history(user, asked).map(Optional::of);
    }
    if (request instanceof Frame.Conversations asked) {
      return conversations(user, asked).map(Optional::of);
    }
    if (request instanceof Frame.Members asked) {
      return lists
          .members(Optional.of(user), asked.conversation(), asked.page(), items(asked.limit()))
          .map(
              page ->
                  Optional.of(new Frame.MembersPage(asked.request(), page.items(), page.next())));
    }
    if (request instanceof Frame.Receipts asked) {
      return receipts
          .page(Optional.of(user), asked.conversation(), asked.page(), items(asked.limit()))
          .map(
              page ->
                  Optional.of(
                      new Frame.ReceiptsPage(
                          asked.request(), asked.conversation(), page.items(), page.next())));
    }
    if (request instanceof Frame.Mute mute) {
      return attendance
          .mute(Optional.of(session), user, mute.conversation(), mute.untilMs())
          .map(Optional.empty());
    }
    throw new IllegalArgumentException("no request: " + request.getClass().getSimpleName());
  }

  private Future<Frame> history(UserId user, Frame.History asked) {
    Question question =
        new Question(
            asked.conversation(),
            asked.beforeSeq(),
            asked.afterSeq(),
            asked.aroundSeq(),
            asked.limit());
    return history
        .read(user, question)
        .map(
            page ->
                new Frame.HistoryPage(
                    asked.request(),
                    page.range(),
                    page.more(),
                    page.moreBefore(),
                    page.reactions()));
  }

  private Future<Frame> conversations(UserId user, Frame.Conversations asked) {
    int limit = items(asked.limit());
    return asked
        .only()
        .map(
            one ->
                lists
                    .conversation(user, one)
                    .<Frame>map(
                        found -> new Frame.ConversationsPage(asked.request(), List.of(found), "")))
        .orElseGet(
            () ->
                lists
                    .conversations(user, asked.page(), limit, pageBytes)
                    .map(
                        page ->
                            new Frame.ConversationsPage(
                                asked.request(), page.items(), page.next())));
  }

  private int items(int limit) {
    if (limit < 0) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "a limit below 0");
    }
    return limit == 0 ? pageItems : Math.min(limit, pageItems);
  }
}
