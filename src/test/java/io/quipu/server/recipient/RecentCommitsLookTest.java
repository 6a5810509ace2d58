package io.quipu.server.recipient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.ErrorCode;
import io.quipu.model.MessageRange;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.journal.MessageLog;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When the mark moves, and who hears what. */
final class RecentCommitsLookTest {
  private static final int NEVER_BY_ITSELF_MS = 1_000_000;
  private static final ConversationId TALK = Scene.TALK;

  private final Vertx vertx = Vertx.vertx();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final Loop one = new Loop(1L, 2L);
  private final Loop two = new Loop(2L, 3L);
  private volatile Future<MessageLog.RecentCommits> answer = found(10);
  private final RecentCommitsLook look =
      new RecentCommitsLook(NEVER_BY_ITSELF_MS, new Commits(), List.of(one, two), found -> {});

  @AfterEach
  void close() {
    done(vertx.close());
  }

  private static <T> T done(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static Future<MessageLog.RecentCommits> found(long nextMark, long... devices) {
    List<MessageLog.DeviceBehind> behind = new ArrayList<>();
    for (long device : devices) {
      behind.add(new MessageLog.DeviceBehind(device, TALK, 0, 1));
    }
    return Future.succeededFuture(new MessageLog.RecentCommits(nextMark, behind));
  }

  private void again(Future<MessageLog.RecentCommits> next) {
    answer = next;
    done(look.look());
  }

  @Test
  void theFirstLookSetsTheMarkAndAllCursorsAreLookedAt() {
    done(vertx.deployVerticle(look));
    assertThat(asked).containsExactly("0 [1, 2, 3]");
    assertThat(one.heard).containsExactly("all");
    assertThat(two.heard).containsExactly("all");
  }

  @Test
  void eachEventLoopHearsOfItsOwnDevices() {
    done(vertx.deployVerticle(look));
    again(found(20, 1, 2, 3));
    assertThat(asked).last().isEqualTo("10 [1, 2, 3]");
    assertThat(one.heard).last().isEqualTo("[1, 2]");
    assertThat(two.heard).last().isEqualTo("[2, 3]");
  }

  @Test
  void theMarkStaysWhenTheStoreFails() {
    done(vertx.deployVerticle(look));
    again(Future.failedFuture(new QuipuException(ErrorCode.STORE_DOWN, "down")));
    again(found(30));
    assertThat(asked).containsExactly("0 [1, 2, 3]", "10 [1, 2, 3]", "10 [1, 2, 3]");
    again(found(40));
    assertThat(asked).last().isEqualTo("30 [1, 2, 3]");
  }

  @Test
  void theMarkStaysWhenAnEventLoopDidNotTakeItOver() {
    done(vertx.deployVerticle(look));
    two.fails = true;
    again(found(20, 1));
    two.fails = false;
    again(found(30, 1));
    assertThat(asked).last().isEqualTo("10 [1, 2, 3]");
  }

  @Test
  void aMarkThatGoesBackMeansThatAllCursorsAreLookedAt() {
    done(vertx.deployVerticle(look));
    again(found(5, 1));
    assertThat(one.heard).last().isEqualTo("all");
    again(found(6, 1));
    assertThat(asked).last().isEqualTo("5 [1, 2, 3]");
    assertThat(one.heard).last().isEqualTo("[1]");
  }

  @Test
  void whoWantsALookSoonGetsOneThatBeginsAfterwards() {
    done(vertx.deployVerticle(look));
    Promise<MessageLog.RecentCommits> slow = Promise.promise();
    answer = slow.future();
    look.soon();
    await().until(() -> asked.size() == 2);
    answer = found(30);
    look.soon();
    slow.complete(new MessageLog.RecentCommits(20, List.of()));
    await().until(() -> asked.size() == 3);
    assertThat(asked).last().isEqualTo("20 [1, 2, 3]");
  }

  @Test
  void aStoreThatIsDownAtTheStartDoesNotKeepTheNodeFromStarting() {
    answer = Future.failedFuture(new QuipuException(ErrorCode.STORE_DOWN, "down"));
    done(vertx.deployVerticle(look));
    again(found(10));
    assertThat(asked).containsExactly("0 [1, 2, 3]", "0 [1, 2, 3]");
    assertThat(one.heard).containsExactly("all");
  }

  private static final class Loop implements Watched {
    final List<Long> devices;
    final List<String> heard = new CopyOnWriteArrayList<>();
    volatile boolean fails;

    Loop(Long... devices) {
      this.devices = List.of(devices);
    }

    @Override
    public Future<Collection<Long>> gather() {
      return Future.succeededFuture(devices);
    }

    @Override
    public Future<Void> looked(List<MessageLog.DeviceBehind> behind) {
      if (fails) {
        return Future.failedFuture("gone");
      }
      Set<Long> keys = new TreeSet<>();
      behind.forEach(b -> keys.add(b.deviceKey()));
      heard.add(keys.toString());
      return Future.succeededFuture();
    }

    @Override
    public Future<Void> lookAtAll() {
      heard.add("all");
      return Future.succeededFuture();
    }
  }

  private final class Commits implements MessageLog {
    @Override
    public Future<RecentCommits> recentCommits(long mark, Collection<Long> deviceKeys) {
      asked.add(mark + " " + new TreeSet<>(deviceKeys));
      return answer;
    }

    @Override
    public Future<List<MessageRange>> read(
        UserId reader, List<RangeRequest> ranges, int maxMessages, int maxBytes) {
      return Future.failedFuture("not asked");
    }

    @Override
    public Future<HistorySlice> history(
        UserId reader, ConversationId conversation, long before, long after, int most, int bytes) {
      return Future.failedFuture("not asked");
    }

    @Override
    public Future<List<Behind>> behind(
        UserId user, long deviceKey, Collection<Cursor> claimed, boolean onlyClaimed, Part part) {
      return Future.failedFuture("not asked");
    }
  }
}
