package io.quipu.tools.checker;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who was a member of one conversation when, by the entries of its log. A group is known only if
 * its creation is; a direct conversation is known by its name.
 */
final class Membership {
  /** Later than every seq; small enough to be added to. */
  private static final long OPEN = Long.MAX_VALUE / 2;

  private static final Ranges NOTHING = new Ranges();

  /** A change of the members, and the line that tells it. */
  record Fact(HistoryEvent.Members change, long line) {
    long seq() {
      return change.seq();
    }
  }

  private final List<Fact> facts;
  private final Set<String> direct = new HashSet<>();
  private final Map<String, Long> openSince = new HashMap<>();
  private final Map<String, Ranges> present = new HashMap<>();
  private final Map<String, Ranges> visible = new HashMap<>();
  private final boolean known;
  private boolean historyAll;

  Membership(Conversation conversation) {
    this.facts = conversation.facts.stream().sorted(Comparator.comparingLong(Fact::seq)).toList();
    String[] parts = conversation.name.split("~", -1);
    if (parts.length == 3 && parts[0].equals("d")) {
      direct.addAll(List.of(parts[1], parts[2]));
      direct.forEach(user -> open(user, 1));
    }
    this.known =
        !direct.isEmpty()
            || !facts.isEmpty() && facts.get(0).change().kind() == HistoryEvent.Members.Kind.CREATE;
    facts.forEach(fact -> apply(fact.change()));
    for (String user : List.copyOf(openSince.keySet())) {
      close(user, OPEN);
    }
  }

  /** False if nobody can say who is a member. */
  boolean known() {
    return known;
  }

  /** All who ever were members. */
  Set<String> users() {
    return present.keySet();
  }

  /** The seqs at which he was a member. */
  Ranges present(String user) {
    return present.getOrDefault(user, NOTHING);
  }

  /** The seqs that he may see: those, and what came before where the group shows that. */
  Ranges visible(String user) {
    return visible.getOrDefault(user, NOTHING);
  }

  /** The line of the latest change before this seq that named the user, if any. */
  Optional<Long> reason(String user, long seq) {
    Optional<Long> line = Optional.empty();
    for (Fact fact : facts) {
      if (fact.seq() <= seq
          && (fact.change().users().contains(user)
              || fact.change().by().equals(user)
              || !direct.isEmpty())) {
        line = Optional.of(fact.line());
      }
    }
    return line;
  }

  private void apply(HistoryEvent.Members change) {
    long seq = change.seq();
    switch (change.kind()) {
      case CREATE -> {
        historyAll = change.historyAll().orElse(false);
        open(change.by(), seq);
        change.users().forEach(user -> open(user, seq));
      }
      case ADD -> change.users().forEach(user -> join(user, seq));
      case REMOVE -> change.users().forEach(user -> close(user, seq));
      case LEAVE -> close(change.by(), seq);
      case CONFIGURE -> historyAll = change.historyAll().orElse(historyAll);
      case BLOCK -> others(change.by()).forEach(user -> close(user, seq - 1));
      case UNBLOCK -> others(change.by()).forEach(user -> open(user, seq + 1));
      case ERASE -> close(change.by(), seq);
    }
  }

  private List<String> others(String user) {
    return direct.stream().filter(other -> !other.equals(user)).toList();
  }

  private void open(String user, long seq) {
    openSince.putIfAbsent(user, seq);
  }

  private void join(String user, long seq) {
    if (!openSince.containsKey(user) && historyAll) {
      visible.computeIfAbsent(user, none -> new Ranges()).add(1, seq);
    }
    open(user, seq);
  }

  private void close(String user, long last) {
    Long since = openSince.remove(user);
    if (since != null) {
      present.computeIfAbsent(user, none -> new Ranges()).add(since, last);
      visible.computeIfAbsent(user, none -> new Ranges()).add(since, last);
    }
  }
}
