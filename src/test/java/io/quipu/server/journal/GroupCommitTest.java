package io.quipu.server.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.server.journal.GroupCommit.Result;
import io.quipu.server.journal.GroupCommit.Statement;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class GroupCommitTest {
  private static final int MAX_ENTRIES = 8;
  private static final int MAX_BYTES = 100;
  private static final Result COMMITTED = new Result.Committed(9);

  private final FakeWriter writer = new FakeWriter();
  private final List<Statement> statements = new ArrayList<>();
  private final GroupCommit commits = commitsWith(List.of(writer));
  private final Map<Long, Result> results = new LinkedHashMap<>();

  private GroupCommit commitsWith(List<JournalWriter> writers) {
    return new GroupCommit(writers, MAX_ENTRIES, MAX_BYTES, new StoppedClock(), statements::add);
  }

  @Test
  void anIdleWriterWritesAtOnce() {
    offer(1);
    assertThat(writer.statements).isEmpty();
    commits.flush();
    assertThat(writer.statements).containsExactly(List.of(1L));
    writer.commit();
    assertThat(results).containsEntry(1L, COMMITTED);
    assertThat(statements).hasSize(1);
    assertThat(statements.get(0).failure()).isEmpty();
  }

  @Test
  void whatArrivesWhileTheWriterIsBusyIsOneStatement() {
    offer(1);
    commits.flush();
    for (long key = 2; key <= 4; key++) {
      offer(key);
      commits.flush();
    }
    assertThat(writer.statements).hasSize(1);
    writer.commit();
    assertThat(writer.statements).containsExactly(List.of(1L), List.of(2L, 3L, 4L));
  }

  @Test
  void aSecondWriterWritesWhileTheFirstIsBusy() {
    FakeWriter other = new FakeWriter();
    GroupCommit two = commitsWith(List.of(writer, other));
    two.offer(batch(1, 1), 1, false, result -> results.put(1L, result));
    two.flush();
    two.offer(batch(2, 1), 1, false, result -> results.put(2L, result));
    two.flush();
    assertThat(writer.statements).hasSize(1);
    assertThat(other.statements).hasSize(1);
    other.commit();
    assertThat(results.keySet()).containsExactly(2L);
  }

  @Test
  void aStatementHasAtMostSoManyEntriesAndBytes() {
    offer(1, MAX_ENTRIES - 1, 1);
    offer(2, 1, 1);
    offer(3, 1, 1);
    offer(4, 1, MAX_BYTES);
    offer(5, 1, 2 * MAX_BYTES);
    commits.flush();
    writer.commit();
    writer.commit();
    writer.commit();
    writer.commit();
    assertThat(writer.statements)
        .containsExactly(List.of(1L, 2L), List.of(3L), List.of(4L), List.of(5L));
  }

  @Test
  void whoIsLeftOutIsToldAndTheOthersAreCommitted() {
    offer(1);
    offer(2);
    commits.flush();
    writer.done(Future.succeededFuture(new Written(9, Set.of(2L))));
    assertThat(results).containsEntry(1L, COMMITTED).containsEntry(2L, new Result.LeftOut());
    assertThat(statements.get(0).leftOut()).isEqualTo(1);
  }

  @Test
  void halvingFindsThePoisonedOneAndHurtsNobodyElse() {
    writer.poison.add(5L);
    for (long key = 1; key <= 7; key++) {
      offer(key);
    }
    commits.flush();
    while (writer.isBusy()) {
      writer.commit();
    }
    assertThat(results).hasSize(7).containsEntry(5L, new Result.Refused());
    for (long key : List.of(1L, 2L, 3L, 4L, 6L, 7L)) {
      assertThat(results).containsEntry(key, COMMITTED);
    }
    assertThat(writer.committed).containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 6L, 7L);
  }

  @Test
  void whatTravelsAloneHasAStatementOfItsOwn() {
    offer(1);
    commits.offer(batch(2, 1), 1, true, result -> results.put(2L, result));
    offer(3);
    commits.flush();
    writer.commit();
    writer.commit();
    assertThat(writer.statements).containsExactlyInAnyOrder(List.of(2L), List.of(1L, 3L));
  }

  @Test
  void thoseThatTravelAloneAndTheOthersTakeTurns() {
    for (long key = 1; key <= 3; key++) {
      long alone = 10 + key;
      commits.offer(batch(alone, 1), 1, true, result -> results.put(alone, result));
    }
    offer(1);
    commits.flush();
    writer.commit();
    assertThat(writer.statements).contains(List.of(1L));
    writer.commit();
    writer.commit();
    writer.commit();
    assertThat(results.keySet()).containsExactlyInAnyOrder(1L, 11L, 12L, 13L);
  }

  @Test
  void failuresSayWhetherSomethingMayHaveBeenWritten() {
    assertThat(resultOf(new QuipuException(ErrorCode.STORE_DOWN, "x")))
        .isEqualTo(new Result.Unknown());
    assertThat(resultOf(new QuipuException(ErrorCode.STORE_DOWN, Outcome.NOT_APPLIED, "x")))
        .isEqualTo(new Result.NotSent());
    assertThat(resultOf(new QuipuException(ErrorCode.STORE_REFUSED, "x")))
        .isEqualTo(new Result.Refused());
    assertThat(resultOf(new IllegalStateException("a bug"))).isEqualTo(new Result.Unknown());
    assertThat(statements)
        .extracting(one -> one.failure().orElseThrow())
        .containsExactly(
            ErrorCode.STORE_DOWN, ErrorCode.STORE_DOWN, ErrorCode.STORE_REFUSED, ErrorCode.BUG);
  }

  private Result resultOf(Throwable failure) {
    offer(1);
    commits.flush();
    writer.done(Future.failedFuture(failure));
    return results.get(1L);
  }

  @Test
  void aBatchThatNoStatementCanBeMadeOfIsFoundAndTheWriterGoesOn() {
    writer.unspeakable.add(2L);
    offer(1);
    offer(2);
    offer(3);
    commits.flush();
    while (writer.isBusy()) {
      writer.commit();
    }
    assertThat(results)
        .containsEntry(1L, COMMITTED)
        .containsEntry(2L, new Result.Refused())
        .containsEntry(3L, COMMITTED);
  }

  @Test
  void whatAResultLeadsToIsInTheNextStatement() {
    commits.offer(
        batch(1, 1),
        1,
        false,
        result -> {
          results.put(1L, result);
          offer(2);
        });
    commits.flush();
    writer.commit();
    assertThat(writer.statements).containsExactly(List.of(1L), List.of(2L));
  }

  private void offer(long key) {
    offer(key, 1, 1);
  }

  private void offer(long key, int entries, int bytes) {
    commits.offer(batch(key, entries), bytes, false, result -> results.put(key, result));
  }

  private static Batch batch(long key, int entries) {
    List<NewEntry> all = new ArrayList<>();
    for (int i = 1; i <= entries; i++) {
      all.add(new NewEntry(i, new EntryId(1, new UUID(key, i)), Content.Text.of("hi"), List.of()));
    }
    return new Batch(key, all);
  }

  /** Commits when it is told to; refuses statements with poison in them. */
  private static final class FakeWriter implements JournalWriter {
    final List<List<Long>> statements = new ArrayList<>();
    final Set<Long> poison = new HashSet<>();
    final Set<Long> unspeakable = new HashSet<>();
    final List<Long> committed = new ArrayList<>();
    private final Deque<Promise<Written>> atWork = new ArrayDeque<>();

    @Override
    public Future<Written> write(List<Batch> batches) {
      List<Long> keys = batches.stream().map(Batch::conversationKey).toList();
      if (keys.stream().anyMatch(unspeakable::contains)) {
        throw new IllegalArgumentException("no statement");
      }
      assertThat(atWork).as("one statement at a time").isEmpty();
      statements.add(keys);
      Promise<Written> promise = Promise.promise();
      atWork.add(promise);
      return promise.future();
    }

    boolean isBusy() {
      return !atWork.isEmpty();
    }

    void commit() {
      List<Long> keys = statements.get(statements.size() - 1);
      if (keys.stream().anyMatch(poison::contains)) {
        done(Future.failedFuture(new QuipuException(ErrorCode.STORE_REFUSED, "poison")));
      } else {
        committed.addAll(keys);
        done(Future.succeededFuture(new Written(9, Set.of())));
      }
    }

    void done(Future<Written> written) {
      written.onComplete(atWork.remove());
    }

    @Override
    public Future<Void> close() {
      return Future.succeededFuture();
    }
  }

  private static final class StoppedClock implements Clock {
    @Override
    public long nowMs() {
      return 0;
    }

    @Override
    public long unixMs() {
      return 0;
    }
  }
}
