package io.quipu.client;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * A server as a client must be ready for: it answers late, never, or twice, pushes with holes and
 * repetitions, commits what an earlier connection sent, and gives up what it cannot commit; but it
 * keeps the promises of the protocol: one place for an id, and in a conversation nothing of one
 * sender goes in before what he sent earlier.
 */
final class ModelServer {
  private static final int PAGE = 5;

  final SplittableRandom random;
  final UserId user;
  final List<ConversationId> conversations;

  /** The truth: by conversation, the message of each seq from 1. */
  final Map<ConversationId, List<Message>> log = new LinkedHashMap<>();

  /** Seqs up to this one are outside this user's membership. */
  final Map<ConversationId, Long> hiddenTo = new HashMap<>();

  private final Map<ConversationId, ArrayDeque<Append>> queues = new LinkedHashMap<>();
  private final Map<ConversationId, Long> persisted = new HashMap<>();

  private final Set<UUID> ids = new HashSet<>();
  private final Set<UUID> refused = new HashSet<>();

  /** Down the wire of the present connection, oldest first. */
  final ArrayDeque<Frame> down = new ArrayDeque<>();

  boolean calm;
  private int connection;
  private int lastClientSeq;
  private final Map<Integer, Frame> answers = new HashMap<>();
  private final Map<ConversationId, UUID> unresolved = new HashMap<>();
  private final Map<ConversationId, Session> sessions = new HashMap<>();
  private int syncId;
  private final List<Cursor> listed = new ArrayList<>();
  private final ArrayDeque<MessageRange> pages = new ArrayDeque<>();
  private int page;
  private boolean syncing;

  private record Append(int connection, Frame.Send send) {}

  private static final class Session {
    long pushed;
    long acked;
  }

  ModelServer(SplittableRandom random, UserId user, List<ConversationId> conversations) {
    this.random = random;
    this.user = user;
    this.conversations = conversations;
    for (ConversationId conversation : conversations) {
      log.put(conversation, new ArrayList<>());
      queues.put(conversation, new ArrayDeque<>());
    }
  }

  void connect() {
    connection++;
    down.clear();
    lastClientSeq = 0;
    answers.clear();
    unresolved.clear();
    sessions.clear();
    syncing = false;
    pages.clear();
  }

  long tail(ConversationId conversation) {
    return log.get(conversation).size();
  }

  long persisted(ConversationId conversation) {
    return persisted.getOrDefault(conversation, 0L);
  }

  /** Somebody else's message. */
  void other(ConversationId conversation) {
    long seq = tail(conversation) + 1;
    log.get(conversation)
        .add(
            new Message(
                seq,
                ScriptedServer.BOB,
                new UUID(1, random.nextLong()),
                seq,
                Content.Text.of("bob " + seq)));
  }

  // ---- sends

  void take(Frame frame) {
    if (frame instanceof Frame.Send send) {
      send(send);
    } else if (frame instanceof Frame.DeliverAck ack) {
      Session session = session(ack.conversation());
      check(ack.seq() <= tail(ack.conversation()), "an ack beyond the tail: " + ack);
      session.acked = Math.max(session.acked, ack.seq());
      session.pushed = Math.max(session.pushed, session.acked);
    } else if (frame instanceof Frame.Sync sync) {
      sync(sync);
    } else if (frame instanceof Frame.SyncAck ack) {
      if (syncing && ack.syncId() == syncId && ack.page() == page) {
        nextPage();
      }
    }
  }

  private void send(Frame.Send send) {
    ConversationId conversation = send.conversation().orElseThrow();
    int expected = lastClientSeq + 1;
    if (send.clientSeq() > expected) {
      throw new AssertionError("client_seq jumped from " + lastClientSeq + " to " + send);
    }
    if (send.clientSeq() < expected) {
      check(send.resend(), "a repetition says resend");
      if (answers.containsKey(send.clientSeq())) {
        down.add(answers.get(send.clientSeq()));
      }
      return;
    }
    lastClientSeq = expected;
    check(!ids.contains(send.clientMessageId()) || send.resend(), "a resend says so: " + send);
    ids.add(send.clientMessageId());
    UUID awaited = unresolved.get(conversation);
    if (awaited != null && !awaited.equals(send.clientMessageId())) {
      reject(send, ErrorCode.EARLIER_SEND_UNRESOLVED, Outcome.UNKNOWN);
    } else if (refused.contains(send.clientMessageId())
        || (!calm && !send.resend() && random.nextInt(20) == 0)) {
      refused.add(send.clientMessageId()); // for ever: the first refusal may never arrive
      reject(send, ErrorCode.NOT_ALLOWED, Outcome.NOT_APPLIED);
    } else if (!calm && random.nextInt(20) == 0) {
      unresolved.put(conversation, send.clientMessageId());
      reject(send, ErrorCode.SEND_WINDOW_FULL, Outcome.UNKNOWN);
    } else {
      unresolved.remove(conversation);
      queues.get(conversation).add(new Append(connection, send));
    }
  }

  private void reject(Frame.Send send, ErrorCode code, Outcome outcome) {
    answer(
        send.clientSeq(),
        new Frame.SendRejected(
            send.clientSeq(),
            send.clientMessageId(),
            send.conversation(),
            code,
            outcome,
            0,
            0,
            ""));
  }

  private void answer(int clientSeq, Frame frame) {
    answers.put(clientSeq, frame);
    down.add(frame);
  }

  /** Commits the oldest of one queue, whichever connection it came from. */
  void commit(ConversationId conversation) {
    Append append = queues.get(conversation).poll();
    if (append == null) {
      return;
    }
    UUID id = append.send.clientMessageId();
    Optional<Message> stored =
        log.get(conversation).stream()
            .filter(message -> message.clientMessageId().equals(id))
            .findFirst();
    boolean duplicate = stored.isPresent();
    Message message =
        stored.orElseGet(
            () -> new Message(tail(conversation) + 1, user, id, 9, append.send.content()));
    if (!duplicate) {
      log.get(conversation).add(message);
    }
    if (append.connection == connection) {
      answer(
          append.send.clientSeq(),
          new Frame.SendAck(
              append.send.clientSeq(), id, conversation, message.seq(), 9, duplicate));
    }
  }

  /** Gives up all of one queue: nobody can say what becomes of it; here, nothing. */
  void giveUp(ConversationId conversation) {
    List<Append> all = List.copyOf(queues.get(conversation));
    queues.get(conversation).clear();
    boolean first = true;
    for (Append append : all) {
      if (append.connection == connection) {
        if (first) {
          unresolved.put(conversation, append.send.clientMessageId());
          first = false;
        }
        reject(append.send, ErrorCode.STORE_DOWN, Outcome.UNKNOWN);
      }
    }
  }

  // ---- deliveries

  private Session session(ConversationId conversation) {
    return sessions.computeIfAbsent(
        conversation,
        key -> {
          Session session = new Session();
          session.acked = persisted(key);
          session.pushed = session.acked;
          return session;
        });
  }

  private MessageRange range(ConversationId conversation, long from, long to, boolean withOwn) {
    List<Message> messages = new ArrayList<>();
    List<Gap> gaps = new ArrayList<>();
    long hidden = hiddenTo.getOrDefault(conversation, 0L);
    if (from <= hidden) {
      gaps.add(new Gap(from, Math.min(to, hidden), Gap.Reason.NOT_VISIBLE));
    }
    for (Message message : log.get(conversation).subList((int) from - 1, (int) to)) {
      if (message.seq() > hidden && (withOwn || !message.sender().equals(user))) {
        messages.add(message);
      }
    }
    return new MessageRange(conversation, from, to, messages, gaps);
  }

  /** Pushes what is new, in part, with or without what came before it. */
  void push(ConversationId conversation) {
    Session session = session(conversation);
    long tail = tail(conversation);
    if (!syncing && session.pushed < tail) {
      long from = session.pushed + 1;
      if (!calm && random.nextInt(4) == 0) {
        from += random.nextLong(tail - from + 1); // hints were lost
      }
      long to = from + random.nextLong(tail - from + 1);
      session.pushed = to;
      // the immediate fan-out leaves out what this connection sent, so it comes one by one
      for (long seq = from; seq <= to; seq++) {
        boolean own = log.get(conversation).get((int) seq - 1).sender().equals(user);
        if (!own || seq <= hiddenTo.getOrDefault(conversation, 0L)) {
          down.add(new Frame.Deliver(range(conversation, seq, seq, true), false));
        }
      }
    }
  }

  /** No ack in time: the same range again, own messages too. */
  void retransmit(ConversationId conversation) {
    Session session = session(conversation);
    if (!syncing && session.acked < session.pushed) {
      down.add(
          new Frame.Deliver(range(conversation, session.acked + 1, session.pushed, true), true));
    }
  }

  /** The periodic look: everything up to the tail is to be pushed. */
  void look(ConversationId conversation) {
    Session session = session(conversation);
    if (!syncing && session.pushed < tail(conversation)) {
      session.pushed = tail(conversation);
      retransmit(conversation);
    }
  }

  void flush(ConversationId conversation) {
    Session session = session(conversation);
    persisted.merge(conversation, session.acked, Math::max);
    down.add(new Frame.AckConfirm(conversation, session.acked));
  }

  private void sync(Frame.Sync sync) {
    if (sync.syncId() != syncId || !syncing) {
      listed.clear();
    }
    syncId = sync.syncId();
    syncing = true;
    listed.addAll(sync.cursors());
    if (sync.more()) {
      return;
    }
    pages.clear();
    page = 0;
    for (Cursor cursor : listed) {
      check(cursor.seq() <= tail(cursor.conversation()), "a cursor beyond the tail: " + cursor);
      Session session = session(cursor.conversation());
      session.acked = Math.max(session.acked, cursor.seq());
      session.pushed = cursor.seq();
    }
    for (ConversationId conversation : conversations) {
      boolean named = listed.stream().anyMatch(c -> c.conversation().equals(conversation));
      if (!sync.onlyListed() || named) {
        Session session = session(conversation);
        if (!named) {
          session.pushed = session.acked;
        }
        while (session.pushed < tail(conversation)) {
          long from = session.pushed + 1;
          session.pushed = Math.min(tail(conversation), session.pushed + PAGE);
          pages.add(range(conversation, from, session.pushed, true));
        }
      }
    }
    nextPage();
  }

  private void nextPage() {
    if (pages.isEmpty()) {
      syncing = false;
      down.add(new Frame.SyncDone(syncId, 0, 0));
    } else {
      page++;
      down.add(new Frame.SyncPage(syncId, page, List.of(pages.poll()), List.of()));
    }
  }

  static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
