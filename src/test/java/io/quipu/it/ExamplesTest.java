package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.QuipuClient;
import io.quipu.example.EchoBot;
import io.quipu.example.Groups;
import io.quipu.example.Ticks;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example programs do what they say, on a real node. */
class ExamplesTest {
  private static TestNode node;
  private static Vertx vertx;

  private final List<String> screen = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void start() {
    node = TestNode.start(Map.of());
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stop() {
    await(vertx.close());
    node.close();
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static String server() {
    return "tcp://127.0.0.1:" + node.tcpPort();
  }

  private void awaitLine(String line) {
    Awaitility.await().untilAsserted(() -> assertThat(screen).contains(line));
  }

  @Test
  void theBotAnswersEachTextOnceInTwoRuns(@TempDir Path folder) {
    UserId bot = new UserId(TestNode.fresh("bot"));
    QuipuClient alice =
        QuipuClient.builder(vertx)
            .server(server())
            .token(node.token(TestNode.fresh("alice")))
            .device("phone")
            .onMessage(
                message -> {
                  screen.add(message.text());
                  return Future.succeededFuture();
                })
            .build();
    await(alice.start());
    for (String text : List.of("one", "two")) {
      QuipuClient run = EchoBot.make(vertx, server(), node.token(bot.value()), folder);
      await(run.start());
      await(alice.send(bot, text));
      awaitLine("You said: " + text);
      await(run.close());
    }
    await(alice.send(bot, "the bot is away"));
    assertThat(screen)
        .containsExactly("one", "You said: one", "two", "You said: two", "the bot is away");
    await(alice.close());
  }

  @Test
  void theTicksTellHowFarAMessageHasCome() {
    String bob = TestNode.fresh("bob");
    SdkDevice phone = node.device(vertx, bob, "tcp").start();
    QuipuClient client =
        await(
            Ticks.send(
                vertx,
                server(),
                node.token(TestNode.fresh("alice")),
                new UserId(bob),
                "Hi",
                screen::add));
    awaitLine("stored at seq 1");
    awaitLine("DELIVERED by " + bob + " up to 1");
    await(client.close());
    await(phone.client().close());
  }

  @Test
  void theTourThroughAGroupEndsWithWhatItSays() {
    String alice = TestNode.fresh("alice");
    String bob = TestNode.fresh("bob");
    await(Groups.tour(vertx, server(), node.token(alice), new UserId(bob), screen::add));
    assertThat(screen)
        .contains(
            "Trip: 2 members, 0 unread",
            alice + " is OWNER since 1",
            bob + " is ADMIN since 6",
            "2 " + alice + ": Where shall we go? (amended by 3)",
            "4 " + alice + ": Recalled[] (amended by 5)");
  }
}
