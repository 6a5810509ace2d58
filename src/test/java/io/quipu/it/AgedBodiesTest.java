package io.quipu.it;

import static io.quipu.contract.Awaiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.protocol.ChangeCodec;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.journal.AgedBodies;
import io.quipu.server.journal.AgedBodies.Step;
import io.quipu.server.journal.AgedBodies.Turn;
import io.quipu.server.journal.RetentionRules;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What PostgreSQL erases for its age, and what it leaves; rows are written with the age wanted. */
final class AgedBodiesTest {
  private static final RetentionRules MONTH = new RetentionRules(30, 1, 0);

  private final Vertx vertx = Vertx.vertx();
  private final String uri = TestPostgres.freshDatabase();
  private Postgres postgres;
  private Connection sql;

  @BeforeEach
  void open() throws SQLException {
    postgres = await(Postgres.open(vertx, uri, TestPostgres.limits()));
    sql = TestPostgres.connect(uri);
    conversation("one");
    conversation("two");
    conversation("three");
  }

  @AfterEach
  void close() throws SQLException {
    sql.close();
    await(postgres.close());
    await(vertx.close());
  }

  private void run(String statement) {
    try (Statement one = sql.createStatement()) {
      one.execute(statement);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private long count(String condition) {
    try (Statement one = sql.createStatement();
        ResultSet rows = one.executeQuery("select count(*) from messages where " + condition)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Keys are 1, 2, 3. */
  private void conversation(String name) {
    run("insert into conversations (name, kind) values ('" + name + "', 2)");
  }

  private void rule(int conversation, Integer days) {
    run("update conversations set retention_days = " + days + " where id = " + conversation);
    run(
        "insert into retention_changes (conversation, next_seq) values ("
            + conversation
            + ", 1) on conflict (conversation) do update set next_seq = 1, changes ="
            + " retention_changes.changes + 1");
  }

  /** Messages that are so old, at the next seqs. */
  private void messages(int conversation, int count, double days) {
    run(
        """
        insert into messages (conversation, seq, sender, stored_at, client_message_id, kind, body)
        select %1$d, tail.seq + number, 7, now() - %3$s * interval '1 day', gen_random_uuid(),
            1 + number %% 2, convert_to('a message ' || number || repeat(' and so on', 8), 'UTF8')
        from generate_series(1, %2$d) as number,
            (select coalesce(max(seq), 0) as seq from messages where conversation = %1$d) as tail
        """
            .formatted(conversation, count, days));
  }

  private long change(int conversation, double days, Change change) {
    run(
        """
        insert into messages (conversation, seq, sender, stored_at, client_message_id, kind, body)
        select %1$d, coalesce(max(seq), 0) + 1, 7, now() - %2$s * interval '1 day',
            gen_random_uuid(), 3, '\\x%3$s'
        from messages where conversation = %1$d
        """
            .formatted(
                conversation,
                days,
                HexFormat.of().formatHex(ChangeCodec.encode(change).toByteArray())));
    return count("conversation = " + conversation + " and seq > 0");
  }

  /** One turn, to its end. */
  private int turn(RetentionRules rules) {
    Optional<Turn> turn = await(postgres.agedBodies(rules).begin());
    assertThat(turn).isPresent();
    try {
      return toTheEnd(turn.get());
    } finally {
      await(turn.get().end());
    }
  }

  private static int toTheEnd(Turn turn) {
    int erased = 0;
    Step step;
    do {
      step = await(turn.step());
      erased += step.erased();
    } while (step.more());
    return erased;
  }

  private long bodies(int conversation) {
    return count("conversation = " + conversation + " and body is not null");
  }

  @Test
  void whatIsOlderThanTheDefaultGoesAndItsEnvelopeStays() {
    messages(1, 5_000, 30.1);
    messages(2, 300, 29.9);
    String digests =
        "(select string_agg(encode(coalesce(digest, sha256(set_byte('\\x00'::bytea, 0, kind) ||"
            + " body)), 'hex'), '' order by seq) from messages where conversation = 1)";
    run("create table before as select " + digests + " as digests");

    assertThat(turn(MONTH)).isEqualTo(5_000);

    assertThat(bodies(1)).isZero();
    assertThat(bodies(2)).isEqualTo(300);
    assertThat(count("conversation = 1 and seq > 0 and digest is not null")).isEqualTo(5_000);
    assertThat(count("conversation = 2 and digest is not null")).isZero();
    assertThat(count("exists (select from before where digests = " + digests + ")"))
        .isEqualTo(5_300);
    assertThat(turn(MONTH)).isZero();
  }

  @Test
  void nothingIsLookedAtWithoutARuleThatHasAnEnd() {
    messages(1, 10, 4_000);
    rule(1, 0);
    assertThat(await(postgres.agedBodies(RetentionRules.KEEP).begin())).isEmpty();
    assertThat(bodies(1)).isEqualTo(10);
  }

  @Test
  void conversationsHaveTheirOwnRules() {
    rule(1, 7);
    rule(2, 0);
    messages(1, 100, 8);
    messages(1, 100, 6);
    messages(2, 100, 4_000);
    messages(3, 100, 31);
    messages(3, 100, 8);
    assertThat(turn(MONTH)).isEqualTo(200);
    assertThat(bodies(1)).isEqualTo(100);
    assertThat(bodies(2)).isEqualTo(100);
    assertThat(bodies(3)).isEqualTo(100);
  }

  @Test
  void aRuleOfAConversationNeedsNoDefault() {
    rule(1, 7);
    messages(1, 100, 8);
    messages(2, 100, 4_000);
    assertThat(turn(RetentionRules.KEEP)).isEqualTo(100);
    assertThat(bodies(1)).isZero();
    assertThat(bodies(2)).isEqualTo(100);
  }

  @Test
  void rulesFromWhenOthersWereAllowedCountAsTheNearestAllowedOnes() {
    rule(1, 2);
    rule(2, 0);
    messages(1, 10, 8);
    messages(1, 10, 6);
    messages(2, 10, 91);
    messages(2, 10, 89);
    assertThat(turn(new RetentionRules(30, 7, 90))).isEqualTo(20);
    assertThat(bodies(1)).isEqualTo(10);
    assertThat(bodies(2)).isEqualTo(10);
  }

  @Test
  void aRuleThatBecomesShorterReachesOldMessagesAndOneThatBecomesLongerSavesThem() {
    messages(1, 12_000, 20);
    messages(2, 100, 20);
    assertThat(turn(MONTH)).isZero();
    rule(1, 7);
    assertThat(turn(MONTH)).isEqualTo(12_000);
    assertThat(bodies(2)).isEqualTo(100);

    messages(1, 10, 8);
    rule(1, 60);
    messages(1, 10, 31);
    assertThat(turn(MONTH)).isZero();
    rule(1, null);
    assertThat(turn(MONTH)).isEqualTo(10);
  }

  @Test
  void theFirstRuleOfAConversationHoldsInATurnThatHasBegunBefore() {
    messages(1, 100, 8);
    assertThat(turn(MONTH)).isZero();
    Turn begun = await(postgres.agedBodies(MONTH).begin()).orElseThrow();
    rule(1, 7);
    int erased = toTheEnd(begun);
    await(begun.end());
    assertThat(erased + turn(MONTH)).isEqualTo(100);
  }

  @Test
  void anotherDefaultHoldsForAllThatIsThere() {
    messages(1, 100, 20);
    assertThat(turn(MONTH)).isZero();
    assertThat(turn(new RetentionRules(10, 1, 0))).isEqualTo(100);
  }

  @Test
  void rowsThatComeAfterALookAreReckonedIn() {
    messages(1, 2_000, 40);
    assertThat(turn(MONTH)).isEqualTo(2_000);
    run("vacuum messages"); // so that new rows go into the old pages
    for (int i = 0; i < 5; i++) {
      messages(2, 100, 31);
    }
    assertThat(turn(MONTH)).isEqualTo(500);
  }

  @Test
  void nothingIsReadAgainBeforeItIsDue() {
    messages(1, 100, 40);
    messages(1, 100, 5);
    assertThat(turn(MONTH)).isEqualTo(100);
    Turn again = await(postgres.agedBodies(MONTH).begin()).orElseThrow();
    try {
      Step step;
      do {
        step = await(again.step());
        assertThat(step.looked()).isZero();
      } while (step.more());
    } finally {
      await(again.end());
    }
  }

  @Test
  void editsGoByTheirOwnAgeAndOtherChangesStay() {
    messages(1, 1, 40);
    long renamed = change(1, 40, new Change.Rename("Tea"));
    long old = change(1, 39, new Change.Edit(1, Content.Text.of("other words")));
    long young = change(1, 2, new Change.Edit(1, Content.Text.of("yet others")));
    assertThat(turn(MONTH)).isEqualTo(2);
    assertThat(
            count(
                "conversation = 1 and body is not null and seq in (%d, %d)"
                    .formatted(renamed, young)))
        .isEqualTo(2);
    assertThat(
            count(
                "conversation = 1 and body is null and digest is not null and seq in (1, "
                    + old
                    + ")"))
        .isEqualTo(2);
  }

  @Test
  void anEditThatMovesItsMessageDoesNotHideIt() {
    messages(1, 100, 29);
    assertThat(turn(MONTH)).isZero();
    // As if the table had gone on far beyond: the first segment is done with.
    run("delete from retention_segments");
    run(
        "update messages set body = repeat('x', 300)::bytea, stored_at = now() - interval '31 days' where conversation = 1 and seq = 5");
    run("insert into amendments (conversation, target, seq) values (1, 5, 101)");
    assertThat(turn(MONTH)).isEqualTo(1);
    assertThat(bodies(1)).isEqualTo(99);
  }

  @Test
  void voidRowsAndRecalledMessagesAreLeftAlone() {
    messages(1, 2, 40);
    run(
        "insert into messages (conversation, seq, sender, stored_at, client_message_id, kind)"
            + " values (1, -1, 7, now() - interval '40 days', gen_random_uuid(), 0)");
    run(
        "update messages set body = null, recalled_by = 9, digest = '\\x01' where conversation = 1 and seq = 1");
    assertThat(turn(MONTH)).isEqualTo(1);
    assertThat(count("conversation = 1 and seq = -1 and digest is null")).isEqualTo(1);
    assertThat(count("conversation = 1 and seq = 1 and digest = '\\x01'")).isEqualTo(1);
  }

  @Test
  void oneTurnAtATimeAndItGoesWithItsConnection() {
    messages(1, 10, 40);
    AgedBodies bodies = postgres.agedBodies(MONTH);
    Turn first = await(bodies.begin()).orElseThrow();
    assertThat(await(bodies.begin())).isEmpty();
    run(
        "select pg_terminate_backend(pid) from pg_stat_activity"
            + " where application_name = 'quipu retention' and datname = current_database()");
    await(first.end());
    assertThat(turn(MONTH)).isEqualTo(10);
  }

  /** A lock that locks nobody out. */
  private void everybodyHasTheTurn() {
    run(
        "create function pg_try_advisory_lock(int, int) returns boolean language sql as"
            + " 'select true'");
    run(
        "alter database "
            + uri.substring(uri.lastIndexOf('/') + 1)
            + " set search_path = public, pg_catalog");
  }

  @Test
  void whatIsLearntDuringALookIsNotForgottenAtItsEnd() {
    everybodyHasTheTurn();
    messages(1, 100, 40);
    AgedBodies bodies = postgres.agedBodies(MONTH);
    Turn looking = await(bodies.begin()).orElseThrow();
    boolean looked;
    do {
      looked = await(looking.step()).looked() > 0;
    } while (!looked);
    messages(2, 10, 31); // into the pages that were just looked at
    Turn reckoning = await(bodies.begin()).orElseThrow();
    assertThat(await(reckoning.step()).more()).isTrue();
    await(reckoning.end());
    do {
      looked = await(looking.step()).looked() > 0;
    } while (looked);
    await(looking.end());
    assertThat(turn(MONTH)).isEqualTo(10);
  }

  @Test
  void twoAtOnceEraseWhatOneWould() {
    messages(1, 3_000, 40);
    everybodyHasTheTurn();
    AgedBodies bodies = postgres.agedBodies(MONTH);
    Turn one = await(bodies.begin()).orElseThrow();
    Turn other = await(bodies.begin()).orElseThrow();
    int erased = 0;
    boolean more = true;
    while (more) {
      Future<Step> ones = one.step();
      Step others = await(other.step());
      erased += await(ones).erased() + others.erased();
      more = ones.result().more() || others.more();
    }
    await(one.end());
    await(other.end());
    assertThat(erased).isEqualTo(3_000);
    assertThat(bodies(1)).isZero();
    assertThat(await(bodies.lagMs())).isZero();
  }

  @Test
  void aTableThatWasWrittenAnewIsLookedAtAnew() {
    messages(1, 5_000, 5);
    assertThat(turn(MONTH)).isZero();
    run("update messages set stored_at = now() - interval '31 days'");
    run("vacuum full messages");
    assertThat(turn(MONTH)).isEqualTo(5_000);
  }

  @Test
  void updatesStayOnTheirPages() {
    messages(1, 10, 40);
    turn(MONTH);
    messages(2, 20_000, 40);
    run("vacuum analyze messages");
    run("select pg_stat_reset_single_table_counters('messages'::regclass)");
    assertThat(turn(MONTH)).isEqualTo(20_000);
    run("select pg_stat_force_next_flush()");
    assertThat(
            count(
                "seq = 1 and conversation = 1 and (select n_tup_hot_upd > 0.8 * n_tup_upd from"
                    + " pg_stat_user_tables where relname = 'messages')"))
        .isEqualTo(1);
  }

  @Test
  void theLagIsTheAgeOfTheOldestDebt() {
    AgedBodies bodies = postgres.agedBodies(MONTH);
    assertThat(await(bodies.lagMs())).isZero();
    messages(1, 10, 5);
    turn(MONTH);
    run("update retention_segments set due_at = now() - interval '2 hours'");
    assertThat(await(bodies.lagMs())).isBetween(7_200_000L, 7_260_000L);
    turn(MONTH);
    assertThat(await(bodies.lagMs())).isZero();
  }
}
