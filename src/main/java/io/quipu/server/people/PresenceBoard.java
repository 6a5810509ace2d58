package io.quipu.server.people;

import io.quipu.model.UserId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Devices.Look;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which session watches whom, and what it was told last. Pure. Nothing is told before the store has
 * said that the viewer may know; that word is good for {@code trustMs}, and is asked for again from
 * time to time, so that who may not know any longer is told "offline" and nothing more.
 *
 * <pre>
 * event              effect
 * watch              every pair of it is to be judged
 * user came          told at once where a judgement is fresh; else judged first
 * user went          after graceMs, unless he came back: the same
 * judged             told, if it differs from what was told
 * recheck            the pairs with the oldest judgements are judged again
 * unwatch            forgotten
 * </pre>
 *
 * <p>Its size is that of the watches; who is not watched leaves no trace.
 */
final class PresenceBoard {
  /** Watches that are over and not yet swept, beside as many as there are live ones. */
  private static final int MANY = 1_000;

  private final int graceMs;
  private final int trustMs;
  private final Predicate<UserId> isOnline;
  private final Map<SessionAddress, Map<UserId, Watch>> bySession = new HashMap<>();
  private final Map<UserId, Set<Watch>> byUser = new HashMap<>();

  /** Users who went, until they count as gone; with the time when they went. */
  private final Map<UserId, Leaving> leaving = new LinkedHashMap<>();

  /** When users that are watched went, for those who see them go. */
  private final Map<UserId, Long> wentMs = new HashMap<>();

  private final Set<Watch> toJudge = new LinkedHashSet<>();

  /** All watches, those judged longest ago first; those that are over are swept at times. */
  private final ArrayDeque<Watch> round = new ArrayDeque<>();

  private int live;

  private record Leaving(long dueMs, long wentUnixMs) {}

  /** One session and one user whom it watches. Two are never the same. */
  static final class Watch {
    final SessionAddress session;
    final Look look;
    private boolean told;
    private boolean toldOnline;
    private long toldLastSeenMs;
    private boolean allowed;
    private long judgedMs = Long.MIN_VALUE;
    private long lastSeenMs;
    private boolean over;

    Watch(SessionAddress session, Look look) {
      this.session = session;
      this.look = look;
    }
  }

  /** What a session is to be told. */
  record Told(SessionAddress session, UserId user, boolean online, long lastSeenMs) {}

  /**
   * @param graceMs who comes back within it was never away
   * @param trustMs a judgement is good for so long
   */
  PresenceBoard(int graceMs, int trustMs, Predicate<UserId> isOnline) {
    this.graceMs = graceMs;
    this.trustMs = trustMs;
    this.isOnline = isOnline;
  }

  void watch(SessionAddress session, UserId viewer, List<UserId> users) {
    unwatch(session);
    Map<UserId, Watch> watches = new LinkedHashMap<>();
    for (UserId user : users) {
      watches.computeIfAbsent(user, one -> new Watch(session, new Look(viewer, one)));
    }
    if (watches.isEmpty()) {
      return;
    }
    bySession.put(session, watches);
    live += watches.size();
    for (Watch watch : watches.values()) {
      byUser.computeIfAbsent(watch.look.user(), user -> new HashSet<>(4)).add(watch);
      toJudge.add(watch);
      round.add(watch);
    }
  }

  void unwatch(SessionAddress session) {
    Map<UserId, Watch> watches = bySession.remove(session);
    if (watches == null) {
      return;
    }
    for (Watch watch : watches.values()) {
      watch.over = true;
      toJudge.remove(watch);
      Set<Watch> others = byUser.get(watch.look.user());
      others.remove(watch);
      if (others.isEmpty()) {
        byUser.remove(watch.look.user());
        leaving.remove(watch.look.user());
        wentMs.remove(watch.look.user());
      }
    }
    live -= watches.size();
    if (round.size() > 2 * live + MANY) {
      round.removeIf(watch -> watch.over);
    }
  }

  /** This user may have come or gone. */
  List<Told> changed(UserId user, long nowMs, long unixMs) {
    if (!byUser.containsKey(user)) {
      return List.of();
    }
    if (isOnline.test(user)) {
      wentMs.remove(user);
      return leaving.remove(user) == null ? tell(user, nowMs) : List.of();
    }
    if (!leaving.containsKey(user)) {
      leaving.put(user, new Leaving(nowMs + graceMs, unixMs));
    }
    return List.of();
  }

  /** Those whose time to come back is over. */
  List<Told> due(long nowMs) {
    List<Told> told = new ArrayList<>();
    // All have the same time: they are due in the order in which they went.
    for (Iterator<Map.Entry<UserId, Leaving>> i = leaving.entrySet().iterator(); i.hasNext(); ) {
      Map.Entry<UserId, Leaving> next = i.next();
      if (next.getValue().dueMs > nowMs) {
        break;
      }
      i.remove();
      wentMs.put(next.getKey(), next.getValue().wentUnixMs);
      told.addAll(tell(next.getKey(), nowMs));
    }
    return told;
  }

  private List<Told> tell(UserId user, long nowMs) {
    List<Told> told = new ArrayList<>();
    for (Watch watch : byUser.get(user)) {
      if (nowMs - trustMs > watch.judgedMs) {
        toJudge.add(watch);
      } else {
        tell(watch, told);
      }
    }
    return told;
  }

  private void tell(Watch watch, List<Told> told) {
    UserId user = watch.look.user();
    boolean online = watch.allowed && (isOnline.test(user) || leaving.containsKey(user));
    long lastSeenMs = online || !watch.allowed ? 0 : wentMs.getOrDefault(user, watch.lastSeenMs);
    if (!watch.told || watch.toldOnline != online || watch.toldLastSeenMs != lastSeenMs) {
      watch.told = true;
      watch.toldOnline = online;
      watch.toldLastSeenMs = lastSeenMs;
      told.add(new Told(watch.session, user, online, lastSeenMs));
    }
  }

  /** Puts those that were judged longest ago into line again, at most so many. */
  void recheck(int most, long nowMs) {
    for (int i = 0; i < most && !round.isEmpty(); i++) {
      Watch oldest = round.peek();
      if (!oldest.over && nowMs - trustMs <= oldest.judgedMs) {
        return;
      }
      round.remove();
      if (!oldest.over) {
        toJudge.add(oldest);
        round.add(oldest);
      }
    }
  }

  boolean hasToJudge() {
    return !toJudge.isEmpty();
  }

  /** The next ones to ask the store for; they are out of the line then. */
  List<Watch> nextToJudge(int most) {
    List<Watch> next = new ArrayList<>();
    for (Iterator<Watch> i = toJudge.iterator(); i.hasNext() && next.size() < most; ) {
      next.add(i.next());
      i.remove();
    }
    return next;
  }

  /** The store could not be asked. */
  void notJudged(Collection<Watch> watches) {
    watches.stream().filter(watch -> !watch.over).forEach(toJudge::add);
  }

  List<Told> judged(List<Watch> watches, Map<Look, Long> allowed, long nowMs) {
    List<Told> told = new ArrayList<>();
    for (Watch watch : watches) {
      if (!watch.over) {
        Long lastSeenMs = allowed.get(watch.look);
        watch.allowed = lastSeenMs != null;
        watch.lastSeenMs = lastSeenMs == null ? 0 : lastSeenMs;
        watch.judgedMs = nowMs;
        tell(watch, told);
      }
    }
    return told;
  }
}
