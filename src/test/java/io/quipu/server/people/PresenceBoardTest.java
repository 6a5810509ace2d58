package io.quipu.server.people;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.journal.Devices.Look;
import io.quipu.server.people.PresenceBoard.Told;
import io.quipu.server.people.PresenceBoard.Watch;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PresenceBoardTest {
  private static final int GRACE_MS = 3_000;
  private static final int TRUST_MS = 5_000;
  private static final UserId ALICE = new UserId("alice");
  private static final UserId BOB = new UserId("bob");
  private static final UserId EVE = new UserId("eve");
  private static final SessionAddress BOBS = session(1);
  private static final SessionAddress EVES = session(2);

  private final Set<UserId> online = new HashSet<>();
  private final PresenceBoard board = new PresenceBoard(GRACE_MS, TRUST_MS, online::contains);
  private final Map<Look, Long> allowed = new HashMap<>();
  private long nowMs = 1_000_000;

  private static SessionAddress session(long number) {
    return new SessionAddress(new Address.Loop(new NodeId("n"), 0), number);
  }

  private List<Told> judge() {
    List<Watch> next = board.nextToJudge(100);
    return board.judged(next, allowed, nowMs);
  }

  private List<Told> comes(UserId user) {
    online.add(user);
    return board.changed(user, nowMs, nowMs);
  }

  private List<Told> goes(UserId user) {
    online.remove(user);
    return board.changed(user, nowMs, nowMs);
  }

  private static Told told(SessionAddress session, boolean isOnline, long lastSeenMs) {
    return new Told(session, ALICE, isOnline, lastSeenMs);
  }

  @Test
  void nothingIsToldBeforeTheStoreHasSpoken() {
    board.watch(BOBS, BOB, List.of(ALICE));
    assertThat(comes(ALICE)).isEmpty();
    allowed.put(new Look(BOB, ALICE), 77L);
    assertThat(judge()).containsExactly(told(BOBS, true, 0));
    assertThat(board.hasToJudge()).isFalse();
  }

  @Test
  void whoMayNotKnowIsToldTheSameWhateverHappens() {
    online.add(ALICE);
    board.watch(EVES, EVE, List.of(ALICE));
    assertThat(judge()).containsExactly(told(EVES, false, 0));
    assertThat(goes(ALICE)).isEmpty();
    nowMs += GRACE_MS;
    assertThat(board.due(nowMs)).isEmpty();
    assertThat(judge()).isEmpty();
  }

  @Test
  void whoComesBackInTimeWasNeverAway() {
    watchedByBob();
    assertThat(goes(ALICE)).isEmpty();
    nowMs += GRACE_MS - 1;
    assertThat(board.due(nowMs)).isEmpty();
    assertThat(comes(ALICE)).isEmpty();
    nowMs += GRACE_MS;
    assertThat(board.due(nowMs)).isEmpty();
  }

  @Test
  void whoStaysAwayWentWhenHeWent() {
    watchedByBob();
    long wentMs = nowMs;
    goes(ALICE);
    nowMs += GRACE_MS;
    assertThat(board.due(nowMs)).containsExactly(told(BOBS, false, wentMs));
    assertThat(comes(ALICE)).containsExactly(told(BOBS, true, 0));
  }

  @Test
  void anOldJudgementIsNotTrusted() {
    watchedByBob();
    nowMs += TRUST_MS + 1;
    goes(ALICE);
    nowMs += GRACE_MS;
    allowed.clear();
    assertThat(board.due(nowMs)).isEmpty();
    assertThat(judge()).containsExactly(told(BOBS, false, 0));
  }

  @Test
  void theRightToSeeIsLookedAtAgain() {
    watchedByBob();
    board.recheck(10, nowMs + 1);
    assertThat(board.hasToJudge()).isFalse();
    nowMs += TRUST_MS + 1;
    board.recheck(10, nowMs);
    allowed.clear();
    assertThat(judge()).containsExactly(told(BOBS, false, 0));
    nowMs += TRUST_MS + 1;
    board.recheck(10, nowMs);
    allowed.put(new Look(BOB, ALICE), 5L);
    assertThat(judge()).containsExactly(told(BOBS, true, 0));
  }

  @Test
  void whatTheStoreCouldNotSayIsAskedAgain() {
    board.watch(BOBS, BOB, List.of(ALICE));
    board.notJudged(board.nextToJudge(10));
    assertThat(board.nextToJudge(10)).hasSize(1);
  }

  @Test
  void aSessionThatIsGoneHearsNothing() {
    watchedByBob();
    board.watch(EVES, EVE, List.of(ALICE));
    List<Watch> asked = board.nextToJudge(10);
    board.unwatch(EVES);
    allowed.put(new Look(EVE, ALICE), 1L);
    assertThat(board.judged(asked, allowed, nowMs)).isEmpty();
    board.unwatch(BOBS);
    goes(ALICE);
    nowMs += GRACE_MS;
    assertThat(board.due(nowMs)).isEmpty();
  }

  private void watchedByBob() {
    online.add(ALICE);
    allowed.put(new Look(BOB, ALICE), 77L);
    board.watch(BOBS, BOB, List.of(ALICE));
    judge();
  }
}
