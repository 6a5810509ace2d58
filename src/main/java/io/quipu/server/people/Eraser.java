package io.quipu.server.people;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import io.quipu.server.journal.Erasures;
import io.quipu.server.journal.Erasures.Erasure;
import io.quipu.server.journal.Erasures.Place;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongFunction;

/**
 * Walks through all that a user has left behind. Nothing of the way is kept: a walk that breaks off
 * begins again, and does again what does no harm. One step at a time, so that an erasure is never
 * more than one statement or one append under way.
 *
 * <pre>
 * begin    from here on no session, no token, no new row by that name
 * leave    an entry EraseUser in each conversation: he is a member nowhere, and no name bears his
 * erase    every stretch of every conversation: his contents, his name in changes
 * finish   his devices, his marks, his name
 * </pre>
 */
final class Eraser {
  /** Conversations of one page of the walk. */
  private static final int PLACES = 100;

  /** Seqs of one statement; with long bodies it still ends well within its time. */
  private static final long STRETCH = 1_000;

  private final Erasures store;
  private final Appending log;

  /** The way to the owner of a conversation, by the authority of the node. */
  interface Appending {
    /** Completes after the commit; the same id again is a success. */
    Future<?> append(
        UserId user,
        long userKey,
        ConversationId conversation,
        UUID clientMessageId,
        Content content);
  }

  Eraser(Erasures store, Appending log) {
    this.store = store;
    this.log = log;
  }

  /** From begin to finish. */
  Future<Void> erase(Erasure erasure) {
    return walk(after -> store.toLeave(erasure, after, PLACES), place -> leave(erasure, place))
        .compose(
            left ->
                walk(
                    after -> store.places(erasure, after, PLACES),
                    place -> eraseFrom(erasure, place, 1)))
        .compose(erased -> store.finish(erasure));
  }

  private Future<Void> leave(Erasure erasure, Place place) {
    return log.append(
            erasure.user(),
            erasure.userKey(),
            place.conversation(),
            idOf(erasure, place),
            new Content.Changed(new Change.EraseUser()))
        .mapEmpty();
  }

  /** The same at every attempt, so that the entry is there once. */
  private static UUID idOf(Erasure erasure, Place place) {
    String seed = "quipu erase\n" + erasure.userKey() + "\n" + place.key();
    return UUID.nameUUIDFromBytes(seed.getBytes(StandardCharsets.UTF_8));
  }

  private Future<Void> eraseFrom(Erasure erasure, Place place, long fromSeq) {
    if (fromSeq > place.tail()) {
      return Future.succeededFuture();
    }
    long toSeq = Math.min(place.tail(), fromSeq + STRETCH - 1);
    return store
        .eraseStretch(erasure, place.key(), fromSeq, toSeq)
        .compose(erased -> eraseFrom(erasure, place, toSeq + 1));
  }

  /** One place after the other, page by page. */
  private static Future<Void> walk(
      LongFunction<Future<List<Place>>> page, Function<Place, Future<Void>> step) {
    return walk(page, step, 0);
  }

  private static Future<Void> walk(
      LongFunction<Future<List<Place>>> page, Function<Place, Future<Void>> step, long afterKey) {
    return page.apply(afterKey)
        .compose(
            places -> {
              if (places.isEmpty()) {
                return Future.succeededFuture();
              }
              Future<Void> all = Future.succeededFuture();
              for (Place place : places) {
                all = all.compose(done -> step.apply(place));
              }
              long last = places.get(places.size() - 1).key();
              return all.compose(done -> walk(page, step, last));
            });
  }
}
