package io.quipu.server.session;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.session.AppendLink.Step;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;

/** Appends of one event loop that belong to no session: each a link of its own with one send. */
final class OneAppends {
  private final Address.Loop loop;
  private final Numbers numbers;
  private final AppendRouter router;
  private final Clock clock;
  private final Metrics metrics;
  private final Map<Long, OneAppend> atWork = new HashMap<>();

  OneAppends(
      Address.Loop loop, Numbers numbers, AppendRouter router, Clock clock, Metrics metrics) {
    this.loop = loop;
    this.numbers = numbers;
    this.router = router;
    this.clock = clock;
    this.metrics = metrics;
  }

  Future<Verdict.Stored> append(
      UserId user,
      long userKey,
      ConversationId conversation,
      UUID clientMessageId,
      boolean resend,
      Content content,
      boolean system) {
    long number = numbers.nextSession();
    OneAppend one = new OneAppend(conversation, new AppendLink(numbers.nextLink()));
    atWork.put(number, one);
    Append append =
        new Append(
            new SessionAddress(loop, number),
            one.link.link(),
            one.link.nextNumber(),
            true,
            one.link.attempt(),
            false,
            conversation,
            userKey,
            user,
            clientMessageId,
            resend,
            content,
            system);
    one.link.add(append, 1, 0, clock.nowMs());
    router.route(append);
    return one.done.future().onComplete(ended -> atWork.remove(number));
  }

  void answered(AppendAnswer answer) {
    OneAppend one = atWork.get(answer.session());
    if (one != null) {
      one.follow(one.link.answered(answer, clock.nowMs()));
    }
  }

  void tick(int retryMs, int timeoutMs) {
    for (OneAppend one : new ArrayList<>(atWork.values())) {
      one.follow(one.link.tick(clock.nowMs(), retryMs, timeoutMs));
    }
  }

  void ownersLost(Predicate<ConversationId> conversations) {
    for (OneAppend one : new ArrayList<>(atWork.values())) {
      if (conversations.test(one.conversation)) {
        one.follow(one.link.ownerLost(clock.nowMs()));
      }
    }
  }

  private final class OneAppend {
    final ConversationId conversation;
    final AppendLink link;
    final Promise<Verdict.Stored> done = Promise.promise();

    OneAppend(ConversationId conversation, AppendLink link) {
      this.conversation = conversation;
      this.link = link;
    }

    void follow(Step step) {
      if (step instanceof Step.SendOn again) {
        again.appends().forEach(router::route);
      } else if (step instanceof Step.Answered answered) {
        if (answered.verdict() instanceof Verdict.Stored stored) {
          if (stored.duplicate()) {
            metrics.sendAckedAgain();
          } else {
            metrics.sendAcked();
          }
          done.tryComplete(stored);
        } else if (answered.verdict() instanceof Verdict.Refused refused) {
          metrics.sendRejected(refused.code());
          done.tryFail(new QuipuException(refused.code(), refused.outcome(), refused.detail()));
        }
      } else if (step instanceof Step.Unresolved end) {
        metrics.sendRejected(end.code());
        done.tryFail(new QuipuException(end.code(), "no answer in time: send the same id again"));
      }
    }
  }
}
