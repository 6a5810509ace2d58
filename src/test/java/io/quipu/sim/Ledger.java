package io.quipu.sim;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The truth, written down at the moment of each commit, and the promises P1 to P6 and P9 held
 * against it at each event that could break one: a commit, an answer, a delivery, a cursor. The
 * first broken one ends the run.
 */
final class Ledger {
  private final Map<ConversationId, Log> logs = new LinkedHashMap<>();
  private final Map<UUID, Send> sends = new HashMap<>();
  private final Map<String, List<Send>> lanes = new HashMap<>();
  private Optional<String> broken = Optional.empty();

  /** A committed entry. */
  record Row(long seq, UserId sender, UUID id, Content content, long begunMs, long committedMs) {}

  private static final class Log {
    final List<Row> rows = new ArrayList<>();
    final Map<UserId, List<long[]>> intervals = new HashMap<>();
    final Map<UserId, Integer> goings = new HashMap<>();

    boolean maySee(UserId user, long seq) {
      for (long[] interval : intervals.getOrDefault(user, List.of())) {
        if (interval[0] <= seq && seq <= interval[1]) {
          return true;
        }
      }
      return false;
    }

    boolean isMember(UserId user) {
      List<long[]> all = intervals.getOrDefault(user, List.of());
      return !all.isEmpty() && all.get(all.size() - 1)[1] == Long.MAX_VALUE;
    }
  }

  /** Something that an application has asked for, and what has become of it. */
  static final class Send {
    final UUID id;
    final UserId user;
    final ConversationId conversation;
    final Content content;
    private final List<Send> lane;
    private final int place;
    private final boolean memberThen;
    private final int goingsThen;
    private long seq;
    private boolean notApplied;

    private Send(
        UUID id,
        UserId user,
        ConversationId conversation,
        Content content,
        List<Send> lane,
        boolean memberThen,
        int goingsThen) {
      this.id = id;
      this.user = user;
      this.conversation = conversation;
      this.content = content;
      this.lane = lane;
      this.place = lane.size();
      this.memberThen = memberThen;
      this.goingsThen = goingsThen;
    }
  }

  // ---- what is broken

  Optional<String> broken() {
    return broken;
  }

  @SuppressWarnings("AnnotateFormatMethod") // not worth a dependency
  void require(boolean holds, String what, Object... about) {
    if (!holds) {
      fail(what.formatted(about));
    }
  }

  void fail(String what) {
    if (broken.isEmpty()) {
      broken = Optional.of(what);
    }
  }

  // ---- the truth

  private Log log(ConversationId conversation) {
    return logs.computeIfAbsent(
        conversation,
        made -> {
          Log log = new Log();
          for (UserId user : made.directUsers()) {
            log.intervals.put(
                user, new ArrayList<>(List.<long[]>of(new long[] {1, Long.MAX_VALUE})));
          }
          return log;
        });
  }

  long tail(ConversationId conversation) {
    return log(conversation).rows.size();
  }

  Row row(ConversationId conversation, long seq) {
    return log(conversation).rows.get((int) seq - 1);
  }

  List<ConversationId> conversations() {
    return List.copyOf(logs.keySet());
  }

  List<Row> rows(ConversationId conversation) {
    return log(conversation).rows;
  }

  boolean maySee(UserId user, ConversationId conversation, long seq) {
    return log(conversation).maySee(user, seq);
  }

  boolean isMember(UserId user, ConversationId conversation) {
    return log(conversation).isMember(user);
  }

  boolean wasMember(UserId user, ConversationId conversation) {
    return log(conversation).intervals.containsKey(user);
  }

  /** The last seq that this user may see; 0 = none. */
  long visibleTail(UserId user, ConversationId conversation) {
    Log log = log(conversation);
    for (long seq = log.rows.size(); seq > 0; seq--) {
      if (log.maySee(user, seq)) {
        return seq;
      }
    }
    return 0;
  }

  /** Seqs of this half-open stretch that the user may see. */
  int visibleBetween(UserId user, ConversationId conversation, long above, long upTo) {
    int count = 0;
    for (long seq = above + 1; seq <= upTo; seq++) {
      count += maySee(user, conversation, seq) ? 1 : 0;
    }
    return count;
  }

  // ---- sends

  Send asked(String device, UserId user, ConversationId conversation, UUID id, Content content) {
    Log log = log(conversation);
    List<Send> lane =
        lanes.computeIfAbsent(device + " " + conversation.value(), key -> new ArrayList<>());
    Send send =
        new Send(
            id,
            user,
            conversation,
            content,
            lane,
            log.isMember(user),
            log.goings.getOrDefault(user, 0));
    lane.add(send);
    sends.put(id, send);
    return send;
  }

  boolean isStored(UUID id) {
    return sends.get(id).seq > 0;
  }

  long seqOf(UUID id) {
    return sends.get(id).seq;
  }

  boolean isNotApplied(UUID id) {
    return sends.get(id).notApplied;
  }

  /** Entries become true, all at once. */
  void committed(ConversationId conversation, Batch batch, long begunMs, long nowMs) {
    Log log = log(conversation);
    require(
        batch.entries().size() == 1
            || batch.entries().stream().noneMatch(e -> e.content() instanceof Content.Changed),
        "P9: a change does not travel alone: %s",
        batch);
    for (NewEntry entry : batch.entries()) {
      Send send = sends.get(entry.id().clientMessageId());
      require(
          entry.seq() == log.rows.size() + 1,
          "P4: seq %d is put into %s, whose tail is %d",
          entry.seq(),
          conversation,
          log.rows.size());
      require(send != null, "P3: an entry that nobody asked for: %s", entry);
      if (broken.isPresent()) {
        return;
      }
      require(send.seq == 0, "P3: %s is stored at %d and at %d", send.id, send.seq, entry.seq());
      require(!send.notApplied, "P6: %s was NOT_APPLIED and is stored at %d", send.id, entry.seq());
      require(
          send.conversation.equals(conversation) && send.content.equals(entry.content()),
          "P3: %s is stored as something else",
          send.id);
      boolean creation =
          entry.content() instanceof Content.Changed changed
              && changed.change() instanceof Change.Create
              && log.rows.isEmpty();
      require(
          creation || log.isMember(send.user),
          "P9: %s is no member at seq %d of %s",
          send.user,
          entry.seq(),
          conversation);
      for (Send earlier : send.lane.subList(0, send.place)) {
        require(
            earlier.seq > 0 || earlier.notApplied,
            "P4: %s is stored at %d before %s, which was sent earlier",
            send.id,
            entry.seq(),
            earlier.id);
      }
      send.seq = entry.seq();
      log.rows.add(new Row(entry.seq(), send.user, send.id, entry.content(), begunMs, nowMs));
      for (MemberChange change : entry.members()) {
        apply(log, change, entry.seq());
      }
    }
  }

  private void apply(Log log, MemberChange change, long seq) {
    UserId user = change.user();
    if (change instanceof MemberChange.Joined) {
      require(!log.isMember(user), "P9: %s joins twice, at %d", user, seq);
      log.intervals
          .computeIfAbsent(user, made -> new ArrayList<>())
          .add(new long[] {seq, Long.MAX_VALUE});
    } else if (change instanceof MemberChange.Left) {
      require(log.isMember(user), "P9: %s leaves twice, at %d", user, seq);
      List<long[]> all = log.intervals.getOrDefault(user, List.of());
      if (!all.isEmpty()) {
        all.get(all.size() - 1)[1] = seq;
      }
      log.goings.merge(user, 1, Integer::sum);
    }
  }

  /** Somebody has been told that this one is not stored and never will be. */
  void notApplied(UUID id, String why) {
    Send send = sends.get(id);
    if (send != null) {
      require(send.seq == 0, "P6: %s is NOT_APPLIED (%s) and stored at %d", id, why, send.seq);
      send.notApplied = true;
    }
  }

  /** Somebody has been told that this one is stored at that seq. */
  void acked(UUID id, ConversationId conversation, long seq) {
    Send send = sends.get(id);
    require(
        send != null && seq > 0 && seq <= tail(conversation),
        "P1: %s is acked at %d of %s, whose tail is %d",
        id,
        seq,
        conversation,
        tail(conversation));
    if (broken.isEmpty()) {
      require(
          row(conversation, seq).id().equals(id) && send.seq == seq,
          "P1: %s is acked at %d, where %s is stored",
          id,
          seq,
          row(conversation, seq).id());
    }
  }

  // ---- what a server says

  /** A frame leaves for a session of this user. */
  void told(UserId user, Frame frame) {
    if (frame instanceof Frame.SendAck ack) {
      acked(ack.clientMessageId(), ack.conversation(), ack.seq());
    } else if (frame instanceof Frame.SendRejected no && no.outcome() == Outcome.NOT_APPLIED) {
      Send send = sends.get(no.clientMessageId());
      if (send != null) {
        Log log = log(send.conversation);
        require(
            no.code() == ErrorCode.VOIDED
                || !send.memberThen
                || log.goings.getOrDefault(send.user, 0) != send.goingsThen
                || no.code() != ErrorCode.NOT_A_MEMBER,
            "P6: %s was a member of %s all the time, and %s is refused: %s",
            send.user,
            send.conversation,
            send.id,
            no.code());
      }
      notApplied(no.clientMessageId(), no.code().name());
    } else if (frame instanceof Frame.SendStatusResult result) {
      if (result.state() == SendState.VOID) {
        notApplied(result.clientMessageId(), "cancelled");
      } else if (result.state() == SendState.STORED) {
        acked(result.clientMessageId(), result.conversation(), result.seq());
      }
    } else if (frame instanceof Frame.Deliver deliver) {
      shown(user, deliver.range());
    } else if (frame instanceof Frame.SyncPage page) {
      page.ranges().forEach(range -> shown(user, range));
    }
  }

  private void shown(UserId user, MessageRange range) {
    ConversationId conversation = range.conversation();
    for (Message message : range.messages()) {
      shown(user, conversation, message);
    }
    for (Gap gap : range.gaps()) {
      require(
          visibleBetween(user, conversation, gap.fromSeq() - 1, gap.toSeq()) == 0,
          "P2: %s may see some of %s in %s",
          user,
          gap,
          conversation);
    }
  }

  /** A message is shown to this user. */
  void shown(UserId user, ConversationId conversation, Message message) {
    long seq = message.seq();
    require(seq <= tail(conversation), "P1: seq %d of %s is shown, not stored", seq, conversation);
    if (broken.isPresent()) {
      return;
    }
    Row row = row(conversation, seq);
    require(
        row.id.equals(message.clientMessageId())
            && row.sender.equals(message.sender())
            && row.content.equals(message.content()),
        "P4: seq %d of %s is shown as something else: %s",
        seq,
        conversation,
        message);
    require(
        maySee(user, conversation, seq),
        "P9: %s reads seq %d of %s, outside of his membership",
        user,
        seq,
        conversation);
  }
}
