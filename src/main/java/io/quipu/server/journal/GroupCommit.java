package io.quipu.server.journal;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.time.Clock;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Gathers the batches of all conversations of one sequencer that are ready, and commits them with
 * one statement whenever a writer is free: at once when idle, hundreds at a time when busy, with no
 * timer.
 *
 * <p>No conversation hurts another: one whose key or id is taken is left out of the statement by
 * the writer; a row that the store refuses for what it is, is found by halving the statement, and
 * only its own conversation is told. Belongs to one event loop.
 */
public final class GroupCommit {
  private final Deque<JournalWriter> idle = new ArrayDeque<>();
  private final List<JournalWriter> writers;
  private final int maxEntries;
  private final int maxBytes;

  /** Ready, in the order of arrival; at most one per conversation, so bounded by these. */
  private final Deque<Ready> ready = new ArrayDeque<>();

  /**
   * Halves of a refused statement, and batches that travel alone. They and the others take turns,
   * so that whoever is refused again and again keeps nobody from writing.
   */
  private final Deque<List<Ready>> halves = new ArrayDeque<>();

  private boolean halvesNext = true;

  private final Clock clock;
  private final Consumer<Statement> listener;

  /**
   * @param maxEntries rows of one statement; a single batch may have no more
   * @param maxBytes of bodies of one statement; a single batch may exceed it
   */
  public GroupCommit(
      List<JournalWriter> writers,
      int maxEntries,
      int maxBytes,
      Clock clock,
      Consumer<Statement> listener) {
    this.writers = List.copyOf(writers);
    this.idle.addAll(writers);
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
    this.clock = clock;
    this.listener = listener;
  }

  /** What a batch came to. */
  public sealed interface Result {
    record Committed(long storedAtMs) implements Result {}

    /** A seq or an id is taken: nothing of this batch was written. */
    record LeftOut() implements Result {}

    /** The store refuses something in this batch; nothing of it was written. */
    record Refused() implements Result {}

    /** Perhaps written, perhaps not, perhaps later. */
    record Unknown() implements Result {}

    /** The store could not be reached; nothing was sent. */
    record NotSent() implements Result {}
  }

  /**
   * One statement is over, and all its results have been handed out.
   *
   * @param entries of all its batches
   * @param leftOut batches with a taken seq or id
   * @param failure why nothing was committed; empty if it was
   */
  public record Statement(int entries, int leftOut, long nanos, Optional<ErrorCode> failure) {}

  /**
   * Adds a batch, to be written at the next {@link #flush}.
   *
   * @param alone in a statement of its own
   * @param done called once, on this event loop
   */
  public void offer(Batch batch, int bytes, boolean alone, Consumer<Result> done) {
    Ready entry = new Ready(batch, bytes, alone, done);
    if (alone) {
      halves.add(List.of(entry));
    } else {
      ready.add(entry);
    }
  }

  /** Writes as much as there are free writers. */
  public void flush() {
    while (!idle.isEmpty() && !(halves.isEmpty() && ready.isEmpty())) {
      boolean half = ready.isEmpty() || halvesNext && !halves.isEmpty();
      halvesNext = !half;
      List<Ready> group = half ? halves.remove() : nextGroup();
      JournalWriter writer = idle.poll();
      List<Batch> batches = new ArrayList<>(group.size());
      for (Ready one : group) {
        batches.add(one.batch);
      }
      long startedNanos = clock.nowNanos();
      write(writer, batches)
          .onComplete(
              written -> {
                idle.add(writer);
                handOut(group, written);
                flush();
                listener.accept(statement(group, written, clock.nowNanos() - startedNanos));
              });
    }
  }

  /** A batch that not even a statement can be made of is found like one that the store refuses. */
  private static Future<Written> write(JournalWriter writer, List<Batch> batches) {
    try {
      return writer.write(batches);
    } catch (RuntimeException | AssertionError bug) {
      return Future.failedFuture(
          new QuipuException(ErrorCode.STORE_REFUSED, "no statement: " + bug));
    }
  }

  /** Batches that wait for a writer; of those that are halves of a statement, the statements. */
  public int waiting() {
    return ready.size() + halves.size();
  }

  public Future<Void> close() {
    return Future.join(writers.stream().map(JournalWriter::close).toList()).mapEmpty();
  }

  private List<Ready> nextGroup() {
    List<Ready> group = new ArrayList<>();
    int entries = 0;
    int bytes = 0;
    while (!ready.isEmpty()) {
      Ready next = ready.peek();
      if (!group.isEmpty()
          && (entries + next.batch.entries().size() > maxEntries
              || bytes + next.bytes > maxBytes)) {
        break;
      }
      group.add(ready.poll());
      entries += next.batch.entries().size();
      bytes += next.bytes;
    }
    return group;
  }

  private void handOut(List<Ready> group, AsyncResult<Written> result) {
    if (result.succeeded()) {
      Written written = result.result();
      Result committed = new Result.Committed(written.storedAtMs());
      for (Ready one : group) {
        boolean leftOut = written.leftOut().contains(one.batch.conversationKey());
        one.done.accept(leftOut ? new Result.LeftOut() : committed);
      }
    } else if (refused(result.cause()) && group.size() > 1) {
      int middle = group.size() / 2;
      halves.add(List.copyOf(group.subList(0, middle)));
      halves.add(List.copyOf(group.subList(middle, group.size())));
    } else {
      Result failure = failure(result.cause());
      for (Ready one : group) {
        one.done.accept(failure);
      }
    }
  }

  private static Statement statement(List<Ready> group, AsyncResult<Written> result, long nanos) {
    int entries = 0;
    for (Ready one : group) {
      entries += one.batch.entries().size();
    }
    if (result.succeeded()) {
      return new Statement(entries, result.result().leftOut().size(), nanos, Optional.empty());
    }
    ErrorCode code = result.cause() instanceof QuipuException e ? e.code() : ErrorCode.BUG;
    return new Statement(entries, 0, nanos, Optional.of(code));
  }

  private static boolean refused(Throwable cause) {
    return cause instanceof QuipuException e && e.code() == ErrorCode.STORE_REFUSED;
  }

  private static Result failure(Throwable cause) {
    if (cause instanceof QuipuException e) {
      if (e.code() == ErrorCode.STORE_REFUSED) {
        return new Result.Refused();
      }
      if (e.outcome() == io.quipu.model.Outcome.NOT_APPLIED) {
        return new Result.NotSent();
      }
    }
    return new Result.Unknown();
  }

  private record Ready(Batch batch, int bytes, boolean alone, Consumer<Result> done) {}
}
