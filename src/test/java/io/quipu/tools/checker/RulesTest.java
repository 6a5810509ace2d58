package io.quipu.tools.checker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each rule on the smallest history that breaks it, and the lines that it shows. */
final class RulesTest {
  private static final String HEAD =
      "{\"at_us\":0,\"event\":\"history\",\"version\":1,\"program\":\"test\",\"clock\":\"CLOCK\","
          + "\"late_ms\":10000,\"beat_ms\":0,\"complete\":true}";
  private static final String AB = "d~alice~bob";
  private static final String GROUP = "g~aaaaaaaaaaaaaaaaaaaaaaaa";
  private static final String ALICE = "alice/laptop";
  private static final String BOB = "bob/phone";

  @TempDir private Path folder;

  private final List<String> lines = new ArrayList<>(List.of(HEAD));
  private String conversation = AB;
  private long atUs = 1_000_000;

  /** Adds a line and returns its number. */
  private int line(String event, String rest) {
    atUs += 1_000;
    lines.add("{\"at_us\":" + atUs + ",\"event\":\"" + event + "\"" + rest + "}");
    return lines.size();
  }

  private static String device(String name) {
    return ",\"device\":\"" + name + "\"";
  }

  private String in(String name) {
    return device(name) + ",\"conversation\":\"" + conversation + "\"";
  }

  private static String id(int number) {
    return ",\"id\":\"" + new UUID(7, number) + "\"";
  }

  private static String seq(long seq) {
    return ",\"seq\":" + seq;
  }

  private void start(String name, boolean isNew) {
    line("run", device(name) + ",\"outbox_kept\":false,\"fresh\":false,\"cursors\":[]");
    line("up", device(name) + ",\"generation\":1,\"device_is_new\":" + isNew);
    line("sync", device(name) + ",\"sync_id\":1,\"only_listed\":false,\"cursors\":[]");
    line("live", device(name));
  }

  private int invoke(String name, int number) {
    return line("invoke", in(name) + id(number) + ",\"content\":\"text:" + number + "\"");
  }

  private int ack(String name, int number, long seq) {
    return line("ack", in(name) + id(number) + seq(seq));
  }

  private int reject(String name, int number, String code, String outcome) {
    return line(
        "reject",
        in(name) + id(number) + ",\"code\":\"" + code + "\",\"outcome\":\"" + outcome + "\"");
  }

  private int status(String name, int number, String state, long seq) {
    return line(
        "status",
        in(name) + id(number) + ",\"state\":\"" + state + "\"" + (seq == 0 ? "" : seq(seq)));
  }

  private static String message(long seq, String sender, int number) {
    return message(seq, sender, number, "text:" + number, 0);
  }

  private static String message(
      long seq, String sender, int number, String content, long amendedBy) {
    return "{\"seq\":"
        + seq
        + ",\"sender\":\""
        + sender
        + "\""
        + id(number)
        + ",\"content\":\""
        + content
        + "\""
        + (amendedBy == 0 ? "" : ",\"amended_by\":" + amendedBy)
        + "}";
  }

  private int range(
      String event, String start, long from, long to, String gaps, String... messages) {
    return line(
        event,
        start
            + ",\"from_seq\":"
            + from
            + ",\"to_seq\":"
            + to
            + ",\"messages\":["
            + String.join(",", messages)
            + "]"
            + (gaps.isEmpty() ? "" : ",\"gaps\":[" + gaps + "]"));
  }

  private int push(String name, long from, long to, String... messages) {
    return range("push", in(name), from, to, "", messages);
  }

  private int page(String name, long from, long to, String... messages) {
    return range("page", in(name), from, to, "", messages);
  }

  private int taken(String name, long seq) {
    return line("taken", in(name) + seq(seq));
  }

  private int journal(long tail, String... messages) {
    range("journal", ",\"conversation\":\"" + conversation + "\"", 1, tail, "", messages);
    return line("journal_done", ",\"conversation\":\"" + conversation + "\"" + seq(tail));
  }

  private int members(long seq, String change, String by, String users) {
    return line(
        "members",
        ",\"conversation\":\""
            + conversation
            + "\""
            + seq(seq)
            + ",\"change\":\""
            + change
            + "\",\"by\":\""
            + by
            + "\",\"users\":["
            + users
            + "]");
  }

  private CheckReport check() throws IOException {
    Path file = Files.write(folder.resolve("h"), lines);
    return Checker.check(
        List.of(file), new Checker.Settings(OptionalLong.empty(), 10), progress -> {});
  }

  /** The history shows this and nothing else, by these lines. */
  private void shows(Rule rule, Integer... evidence) throws IOException {
    CheckReport report = check();
    assertThat(report.anomalies()).as(report.text(List.of(folder))).hasSize(1);
    assertThat(report.anomalies().get(0).rule()).isEqualTo(rule);
    assertThat(report.anomalies().get(0).lines().stream().map(line -> (int) line.number()))
        .containsExactly(evidence);
    assertThat(report.counts()).containsOnlyKeys(rule);
  }

  private void isGood() throws IOException {
    CheckReport report = check();
    assertThat(report.anomalies()).as(report.text(List.of(folder))).isEmpty();
  }

  @Test
  void lostWriteIsAckedAndNotInTheJournal() throws IOException {
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    invoke(ALICE, 2);
    int ack = ack(ALICE, 2, 2);
    int done = journal(1, message(1, "alice", 1));

    shows(Rule.LOST_WRITE, ack, done);
  }

  @Test
  void anotherMessageAtItsSeqDoesNotHideALostWrite() throws IOException {
    invoke(ALICE, 1);
    int ack = ack(ALICE, 1, 1);
    invoke(BOB, 2);
    int done = journal(1, message(1, "bob", 2));

    assertThat(check().counts()).containsKeys(Rule.LOST_WRITE, Rule.INCONSISTENT_OFFSET);
    assertThat(check().anomalies())
        .anyMatch(
            one ->
                one.rule() == Rule.LOST_WRITE
                    && one.lines()
                        .equals(List.of(new Anomaly.Line(0, ack), new Anomaly.Line(0, done))));
  }

  @Test
  void lostWriteIsAckedAndPassedOverByADeviceThatWasToldOfAGap() throws IOException {
    start(BOB, true);
    invoke(ALICE, 1);
    int ack = ack(ALICE, 1, 1);
    invoke(ALICE, 2);
    ack(ALICE, 2, 2);
    String gap = "{\"from_seq\":1,\"to_seq\":1,\"reason\":\"NOT_VISIBLE\"}";
    range("push", in(BOB), 1, 2, gap, message(2, "alice", 2));
    int beyond = taken(BOB, 2);

    shows(Rule.LOST_WRITE, ack, beyond);
  }

  @Test
  void unseenIsAckedAndNotReadByAFreshDevice() throws IOException {
    invoke(ALICE, 1);
    int ack = ack(ALICE, 1, 1);
    line("run", device("bob/reader") + ",\"outbox_kept\":false,\"fresh\":true,\"cursors\":[]");
    int done = line("fresh_done", device("bob/reader"));

    shows(Rule.UNSEEN, ack, done);
  }

  @Test
  void duplicateIsOneIdAtTwoSeqs() throws IOException {
    invoke(ALICE, 1);
    int first = ack(ALICE, 1, 1);
    int second = ack(ALICE, 1, 2);

    shows(Rule.DUPLICATE, first, second);
  }

  @Test
  void inconsistentOffsetIsTwoMessagesAtOneSeq() throws IOException {
    invoke(ALICE, 1);
    invoke(BOB, 2);
    int first = push("carol/x", 1, 1, message(1, "alice", 1));
    int second = push("dave/x", 1, 1, message(1, "bob", 2));

    assertThat(check().counts()).containsKey(Rule.INCONSISTENT_OFFSET);
    assertThat(check().anomalies())
        .filteredOn(one -> one.rule() == Rule.INCONSISTENT_OFFSET)
        .singleElement()
        .extracting(Anomaly::lines)
        .isEqualTo(List.of(new Anomaly.Line(0, first), new Anomaly.Line(0, second)));
  }

  @Test
  void anEditedMessageIsComparedWithThoseOfTheSameEditOnly() throws IOException {
    invoke(ALICE, 1);
    push(BOB, 1, 1, message(1, "alice", 1));
    page("bob/desk", 1, 1, message(1, "alice", 1, "text:edited", 5));
    page("bob/desk", 1, 1, message(1, "alice", 1, "recalled", 6));
    page("bob/desk", 1, 1, message(1, "alice", 1, "erased", 0));
    isGood();

    page("bob/third", 1, 1, message(1, "alice", 1, "text:other", 5));
    shows(Rule.INCONSISTENT_OFFSET, 4, 7);
  }

  @Test
  void holeIsASeqThatNobodyHas() throws IOException {
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    invoke(ALICE, 2);
    ack(ALICE, 2, 3);
    int done = journal(3, message(1, "alice", 1), message(3, "alice", 2));

    shows(Rule.HOLE, done);
  }

  @Test
  void abortedReadIsARejectedMessageThatADeviceGot() throws IOException {
    invoke(ALICE, 1);
    int rejected = reject(ALICE, 1, "STORE_REFUSED", "NOT_APPLIED");
    int read = push(BOB, 1, 1, message(1, "alice", 1));

    shows(Rule.ABORTED_READ, rejected, read);
  }

  @Test
  void aRejectionThatIsNotFinalSaysNothing() throws IOException {
    invoke(ALICE, 1);
    reject(ALICE, 1, "STORE_DOWN", "UNKNOWN");
    push(BOB, 1, 1, message(1, "alice", 1));

    isGood();
  }

  @Test
  void anIdThatWasUsedAgainSaysNothingOfTheFirstContent() throws IOException {
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    line("invoke", in(ALICE) + id(1) + ",\"content\":\"text:other\"");
    reject(ALICE, 1, "ID_REUSED", "NOT_APPLIED");
    push(BOB, 1, 1, message(1, "alice", 1));

    isGood();
  }

  @Test
  void nonmonotonicSendIsALaterSendWithALowerSeq() throws IOException {
    int first = invoke(ALICE, 1);
    int second = invoke(ALICE, 2);
    int ackOfSecond = ack(ALICE, 2, 1);
    int ackOfFirst = ack(ALICE, 1, 2);

    shows(Rule.NONMONOTONIC_SEND, first, second, ackOfSecond, ackOfFirst);
  }

  @Test
  void theOrderOfSendsEndsWithTheOutbox() throws IOException {
    start(ALICE, true);
    invoke(ALICE, 1);
    start(ALICE, false);
    invoke(ALICE, 2);
    ack(ALICE, 2, 1);
    push(BOB, 1, 2, message(1, "alice", 2), message(2, "alice", 1));

    isGood();
  }

  @Test
  void realtimeOrderIsAnAckBeforeASendAndYetBehindIt() throws IOException {
    invoke(ALICE, 1);
    int acked = ack(ALICE, 1, 2);
    int invoked = invoke(BOB, 2);
    int placed = ack(BOB, 2, 1);

    shows(Rule.REALTIME_ORDER, acked, invoked, placed);
  }

  @Test
  void twoClocksAreNotCompared() throws IOException {
    invoke(ALICE, 1);
    ack(ALICE, 1, 2);
    Path first = Files.write(folder.resolve("first"), lines);
    lines.clear();
    lines.add(HEAD.replace("CLOCK", "another"));
    invoke(BOB, 2);
    ack(BOB, 2, 1);
    Path second = Files.write(folder.resolve("second"), lines);
    lines.set(0, HEAD);
    Path same = Files.write(folder.resolve("same"), lines);
    Checker.Settings settings = new Checker.Settings(OptionalLong.empty(), 10);

    assertThat(Checker.check(List.of(first, second), settings, line -> {}).counts()).isEmpty();
    CheckReport report = Checker.check(List.of(first, same), settings, line -> {});
    assertThat(report.counts()).containsOnlyKeys(Rule.REALTIME_ORDER);
    assertThat(report.anomalies().get(0).lines())
        .containsExactly(new Anomaly.Line(0, 3), new Anomaly.Line(1, 2), new Anomaly.Line(1, 3));
  }

  private void threeFromAlice() {
    for (int number = 1; number <= 3; number++) {
      invoke(ALICE, number);
    }
    push(BOB, 1, 3, message(1, "alice", 1), message(2, "alice", 2), message(3, "alice", 3));
  }

  @Test
  void pollSkipIsASeqWithOneMissingBeforeIt() throws IOException {
    start(BOB, true);
    threeFromAlice();
    int before = taken(BOB, 1);
    int skipped = taken(BOB, 3);

    shows(Rule.POLL_SKIP, before, skipped);
  }

  @Test
  void nonmonotonicPollIsASeqThatComesAgain() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    int before = taken(BOB, 2);
    int again = taken(BOB, 2);

    shows(Rule.NONMONOTONIC_POLL, before, again);
  }

  @Test
  void aRunThatBeginsWithAStoredCursorGoesOnThere() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    taken(BOB, 2);
    line(
        "run",
        device(BOB)
            + ",\"outbox_kept\":true,\"fresh\":false,\"cursors\":[{\"conversation\":\""
            + AB
            + "\",\"seq\":1}]");
    taken(BOB, 2);
    taken(BOB, 3);

    isGood();
  }

  @Test
  void phantomIsWhatNobodySent() throws IOException {
    int seen = push(BOB, 1, 1, message(1, "alice", 1));

    shows(Rule.PHANTOM, seen);
  }

  @Test
  void nothingIsAPhantomInAHistoryOfSomeClients() throws IOException {
    lines.set(0, HEAD.replace("\"complete\":true", "\"complete\":false"));
    push(BOB, 1, 1, message(1, "alice", 1));

    isGood();
    assertThat(check().notes()).anyMatch(note -> note.contains("phantom was not judged"));
  }

  @Test
  void corruptIsOtherContentThanWasSent() throws IOException {
    int sent = invoke(ALICE, 1);
    int seen = push(BOB, 1, 1, message(1, "alice", 1, "text:other", 0));

    shows(Rule.CORRUPT, sent, seen);
  }

  private void groupOfThree() {
    conversation = GROUP;
    line("invoke", in(ALICE) + id(1) + ",\"content\":\"change:1\"");
    ack(ALICE, 1, 1);
    members(1, "create", "alice", "\"bob\",\"carol\"");
  }

  @Test
  void strangerReadIsADeliveryOutsideOfTheMembership() throws IOException {
    groupOfThree();
    line("invoke", in(ALICE) + id(2) + ",\"content\":\"change:2\"");
    ack(ALICE, 2, 2);
    invoke(ALICE, 3);
    int removed = members(2, "remove", "alice", "\"carol\"");
    push("carol/x", 2, 2, message(2, "alice", 2, "change:2", 0));
    int read = push("carol/x", 3, 3, message(3, "alice", 3));

    shows(Rule.STRANGER_READ, removed, read);
  }

  @Test
  void whoNeverWasAMemberIsAStranger() throws IOException {
    invoke(ALICE, 1);
    int read = push("eve/x", 1, 1, message(1, "alice", 1));

    shows(Rule.STRANGER_READ, read);
  }

  @Test
  void strangerSendIsAStoredMessageOfAnExMember() throws IOException {
    groupOfThree();
    line("invoke", in(ALICE) + id(2) + ",\"content\":\"change:2\"");
    ack(ALICE, 2, 2);
    int removed = members(2, "remove", "alice", "\"carol\"");
    invoke("carol/x", 3);
    int stored = ack("carol/x", 3, 3);

    shows(Rule.STRANGER_SEND, removed, stored);
  }

  @Test
  void aBlockedUserSeesNothingUntilHeIsUnblocked() throws IOException {
    line("invoke", in(ALICE) + id(1) + ",\"content\":\"change:1\"");
    line("invoke", in(ALICE) + id(2) + ",\"content\":\"change:2\"");
    members(1, "block", "alice", "");
    members(2, "unblock", "alice", "");
    invoke(ALICE, 3);
    page(BOB, 3, 3, message(3, "alice", 3));
    isGood();

    int seen = page("bob/desk", 2, 2, message(2, "alice", 2, "change:2", 0));
    shows(Rule.STRANGER_READ, 5, seen);
  }

  @Test
  void whoJoinsWhereHistoryIsForAllSeesAll() throws IOException {
    groupOfThree();
    line("invoke", in(ALICE) + id(2) + ",\"content\":\"change:2\"");
    line("invoke", in(ALICE) + id(3) + ",\"content\":\"change:3\"");
    members(3, "add", "alice", "\"eve\"");
    page("eve/x", 1, 1, message(1, "alice", 1, "change:1", 0));
    assertThat(check().counts()).containsOnlyKeys(Rule.STRANGER_READ);

    line(
        "members",
        ",\"conversation\":\""
            + GROUP
            + "\""
            + seq(2)
            + ",\"change\":\"configure\",\"by\":\"alice\",\"history_all\":true");
    isGood();
  }

  @Test
  void cursorRegressionIsACursorBelowAConfirmedOne() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    taken(BOB, 2);
    line("deliver_ack", in(BOB) + seq(2));
    int confirmed = line("ack_confirm", in(BOB) + seq(2));
    int lower = line("ack_confirm", in(BOB) + seq(1));

    shows(Rule.CURSOR_REGRESSION, confirmed, lower);
  }

  @Test
  void aSyncThatBeginsBelowAConfirmedCursorIsARegression() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    taken(BOB, 2);
    line("deliver_ack", in(BOB) + seq(2));
    int confirmed = line("ack_confirm", in(BOB) + seq(2));
    start(BOB, false);
    int page = page(BOB, 2, 3, message(2, "alice", 2), message(3, "alice", 3));

    shows(Rule.CURSOR_REGRESSION, confirmed, page);
  }

  @Test
  void whatWasConfirmedAfterASyncHadLeftTheSyncNeedNotKnow() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    taken(BOB, 2);
    line("deliver_ack", in(BOB) + seq(2));
    start(BOB, false);
    line("ack_confirm", in(BOB) + seq(2));
    page(BOB, 2, 3, message(2, "alice", 2), message(3, "alice", 3));

    CheckReport report = check();
    assertThat(report.counts()).as(report.text(List.of(folder))).isEmpty();
  }

  @Test
  void theLateConfirmationOfWhatASyncNamedIsNoRegression() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    line("sync", device(BOB) + ",\"sync_id\":2,\"only_listed\":true,\"cursors\":[" + at(1) + "]");
    taken(BOB, 2);
    line("deliver_ack", in(BOB) + seq(2));
    line("ack_confirm", in(BOB) + seq(2));
    line("ack_confirm", in(BOB) + seq(1));

    CheckReport report = check();
    assertThat(report.counts()).as(report.text(List.of(folder))).isEmpty();
  }

  private String at(long seq) {
    return "{\"conversation\":\"" + conversation + "\",\"seq\":" + seq + "}";
  }

  @Test
  void ackOfUnsentIsACursorBeyondWhatWasAcked() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    int acked = line("deliver_ack", in(BOB) + seq(1));
    int beyond = line("ack_confirm", in(BOB) + seq(3));

    shows(Rule.ACK_OF_UNSENT, acked, beyond);
  }

  @Test
  void anAckOfWhatTheApplicationHasNotTakenIsOneToo() throws IOException {
    start(BOB, true);
    threeFromAlice();
    int before = taken(BOB, 1);
    int acked = line("deliver_ack", in(BOB) + seq(3));

    shows(Rule.ACK_OF_UNSENT, before, acked);
  }

  @Test
  void aSyncThatBeginsBeyondTheAckedCursorIsOneToo() throws IOException {
    start(BOB, true);
    threeFromAlice();
    start(BOB, false);
    int page = page(BOB, 3, 3, message(3, "alice", 3));

    shows(Rule.ACK_OF_UNSENT, page);
  }

  @Test
  void aCursorReadFromTheStoreIsJudgedLikeAConfirmedOne() throws IOException {
    start(BOB, true);
    threeFromAlice();
    taken(BOB, 1);
    int acked = line("deliver_ack", in(BOB) + seq(1));
    int cursor = line("cursor", in(BOB) + seq(2));

    shows(Rule.ACK_OF_UNSENT, acked, cursor);
  }

  @Test
  void lateDeliveryIsLaterThanTheBoundOnALiveConnection() throws IOException {
    start(BOB, true);
    invoke(ALICE, 1);
    int ack = ack(ALICE, 1, 1);
    atUs += 10_001_000;
    int late = push(BOB, 1, 1, message(1, "alice", 1));

    shows(Rule.LATE_DELIVERY, ack, late);
  }

  @Test
  void whatNeverCameAlthoughThereWasTimeIsLate() throws IOException {
    start(BOB, true);
    invoke(ALICE, 1);
    int ack = ack(ALICE, 1, 1);
    atUs += 10_001_000;
    line("beat", "");

    shows(Rule.LATE_DELIVERY, ack);
  }

  @Test
  void theBoundIsForLiveConnectionsOnly() throws IOException {
    start(BOB, true);
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    atUs += 8_000_000;
    line("down", device(BOB) + ",\"silent_ms\":0");
    atUs += 8_000_000;
    start(BOB, false);
    page(BOB, 1, 1, message(1, "alice", 1));

    isGood();
  }

  @Test
  void aConnectionThatWasSilentBeforeItsEndIsNotLive() throws IOException {
    start(BOB, true);
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    atUs += 20_000_000;
    line("down", device(BOB) + ",\"silent_ms\":15000");

    isGood();
  }

  @Test
  void aDeviceThatDoesNotAckWaitsForItself() throws IOException {
    start(BOB, true);
    String[] many = new String[65];
    for (int number = 1; number <= 65; number++) {
      invoke(ALICE, number);
      many[number - 1] = message(number, "alice", number);
    }
    push(BOB, 1, 65, many);
    invoke(ALICE, 66);
    ack(ALICE, 66, 66);
    atUs += 20_000_000;
    push(BOB, 66, 66, message(66, "alice", 66));

    isGood();
  }

  @Test
  void aRecorderThatStoodStillWasNotLive() throws IOException {
    lines.set(0, HEAD.replace("\"beat_ms\":0", "\"beat_ms\":1000"));
    start(BOB, true);
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    atUs += 20_000_000;
    push(BOB, 1, 1, message(1, "alice", 1));

    isGood();
  }

  @Test
  void storedAtAnotherSeqIsResolvedWrong() throws IOException {
    invoke(ALICE, 1);
    int ack = ack(ALICE, 1, 1);
    int status = status(ALICE, 1, "STORED", 2);

    shows(Rule.UNKNOWN_RESOLVED_WRONG, ack, status);
  }

  @Test
  void storedAndNotInTheJournalIsResolvedWrong() throws IOException {
    invoke(ALICE, 1);
    int status = status(ALICE, 1, "STORED", 1);
    int done = line("journal_done", ",\"conversation\":\"" + AB + "\",\"seq\":0");

    shows(Rule.UNKNOWN_RESOLVED_WRONG, status, done);
  }

  @Test
  void voidAndThereIsResolvedWrong() throws IOException {
    invoke(ALICE, 1);
    reject(ALICE, 1, "STORE_DOWN", "UNKNOWN");
    int status = status(ALICE, 1, "VOID", 0);
    reject(ALICE, 1, "VOIDED", "NOT_APPLIED");
    int seen = push(BOB, 1, 1, message(1, "alice", 1));

    shows(Rule.UNKNOWN_RESOLVED_WRONG, status, seen);
  }

  @Test
  void notAppliedAndInTheJournalIsResolvedWrong() throws IOException {
    invoke(ALICE, 1);
    int rejected = reject(ALICE, 1, "STORE_REFUSED", "NOT_APPLIED");
    journal(1, message(1, "alice", 1));

    shows(Rule.UNKNOWN_RESOLVED_WRONG, rejected, rejected + 1);
  }

  @Test
  void notSeenIsAHint() throws IOException {
    invoke(ALICE, 1);
    status(ALICE, 1, "NOT_SEEN", 0);
    push(BOB, 1, 1, message(1, "alice", 1));

    isGood();
  }

  @Test
  void aConversationWithAnErasedUserIsNotJudgedAndSaidToBe() throws IOException {
    invoke(ALICE, 1);
    ack(ALICE, 1, 1);
    members(2, "erase", "alice", "");
    journal(1, message(1, "erased.5", 1));

    isGood();
    assertThat(check().notes()).anyMatch(note -> note.contains("a user was erased"));
  }
}
