package io.quipu.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ErrorCode;
import io.quipu.server.time.Clock;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-z_:][a-z0-9_:]*)(?:\\{(.*)})? ([0-9.eE+-]+|NaN|[+-]Inf)");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

  private final Metrics metrics = new Metrics("1.2.3", "node-1");

  @AfterEach
  void close() {
    metrics.close();
  }

  @Test
  void everythingStandsThereBeforeItHappens() {
    Map<String, Double> samples = samples();
    assertThat(samples)
        .containsEntry("quipu_sends_total{result=\"STORED\"}", 0.0)
        .containsEntry("quipu_sends_total{result=\"STORE_DOWN\"}", 0.0)
        .containsEntry("quipu_connections{dress=\"TCP\"}", 0.0)
        .containsEntry("quipu_commit_seconds_count", 0.0)
        .containsEntry("quipu_key_files_broken", 0.0)
        .containsKeys(
            "jvm_threads_live_threads", "process_uptime_seconds", "process_files_open_files");
    assertThat(samples.keySet())
        .anyMatch(name -> name.startsWith("quipu_build_info{") && name.contains("\"1.2.3\""))
        .anyMatch(name -> name.startsWith("jvm_memory_used_bytes{"));
  }

  @Test
  void whatHappensIsCounted() {
    metrics.connectionOpened(Dress.TCP);
    metrics.connectionOpened(Dress.TCP);
    metrics.connectionOpened(Dress.WEBSOCKET_JSON);
    metrics.connectionClosed(Dress.TCP, Optional.of(ErrorCode.SLOW_CONSUMER));
    metrics.connectionClosed(Dress.WEBSOCKET_JSON, Optional.empty());
    metrics.connectionRefused(ErrorCode.TOO_MANY_CONNECTIONS);
    metrics.sessionOpened();
    metrics.sessionOpened();
    metrics.sessionClosed();
    metrics.loginFailed(ErrorCode.TOKEN_EXPIRED);
    metrics.sendAcked();
    metrics.sendAckedAgain();
    metrics.sendRejected(ErrorCode.NOT_A_MEMBER);
    metrics.delivered(7);
    metrics.redelivered(2);
    metrics.committed(40, 0.3);
    metrics.committed(2, 3000);
    metrics.journalFailed(ErrorCode.STORE_DOWN);
    metrics.cursorsFlushed(12);
    metrics.looked(3);
    metrics.httpAnswered(404);
    metrics.eventLoopWasLate(7);
    assertThat(samples())
        .containsEntry("quipu_connections{dress=\"TCP\"}", 1.0)
        .containsEntry("quipu_connections{dress=\"WEBSOCKET_JSON\"}", 0.0)
        .containsEntry("quipu_connections_opened_total{dress=\"TCP\"}", 2.0)
        .containsEntry("quipu_connections_closed_total{code=\"SLOW_CONSUMER\"}", 1.0)
        .containsEntry("quipu_connections_closed_total{code=\"PEER\"}", 1.0)
        .containsEntry("quipu_connections_closed_total{code=\"TOO_MANY_CONNECTIONS\"}", 1.0)
        .containsEntry("quipu_sessions", 1.0)
        .containsEntry("quipu_logins_total{result=\"OK\"}", 2.0)
        .containsEntry("quipu_logins_total{result=\"TOKEN_EXPIRED\"}", 1.0)
        .containsEntry("quipu_sends_total{result=\"STORED\"}", 1.0)
        .containsEntry("quipu_sends_total{result=\"DUPLICATE\"}", 1.0)
        .containsEntry("quipu_sends_total{result=\"NOT_A_MEMBER\"}", 1.0)
        .containsEntry("quipu_deliveries_total", 7.0)
        .containsEntry("quipu_redeliveries_total", 2.0)
        .containsEntry("quipu_entries_committed_total", 42.0)
        .containsEntry("quipu_commit_entries_bucket{le=\"32.0\"}", 1.0)
        .containsEntry("quipu_commit_entries_bucket{le=\"64.0\"}", 2.0)
        .containsEntry("quipu_commit_seconds_bucket{le=\"5.0E-4\"}", 1.0)
        .containsEntry("quipu_commit_seconds_bucket{le=\"5.0\"}", 2.0)
        .containsEntry("quipu_journal_errors_total{code=\"STORE_DOWN\"}", 1.0)
        .containsEntry("quipu_cursor_flushes_total", 1.0)
        .containsEntry("quipu_cursors_flushed_total", 12.0)
        .containsEntry("quipu_look_repairs_total", 3.0)
        .containsEntry("quipu_http_requests_total{status=\"404\"}", 1.0)
        .containsEntry("quipu_eventloop_lag_seconds_bucket{le=\"0.005\"}", 0.0)
        .containsEntry("quipu_eventloop_lag_seconds_bucket{le=\"0.01\"}", 1.0);
  }

  @Test
  void countsFromManyThreadsAddUp() {
    CompletableFuture<?>[] threads =
        IntStream.range(0, 4)
            .mapToObj(
                thread ->
                    CompletableFuture.runAsync(
                        () -> IntStream.range(0, 10_000).forEach(i -> metrics.sendAcked())))
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(threads).join();
    assertThat(samples()).containsEntry("quipu_sends_total{result=\"STORED\"}", 40_000.0);
  }

  /** Every line is one that a scraper takes, and every series has few of its kind. */
  @Test
  void theScrapeIsWellFormedAndItsLabelsAreBounded() {
    Map<String, Integer> seriesOf = new HashMap<>();
    for (String line : metrics.scrape().lines().toList()) {
      if (line.startsWith("#")) {
        assertThat(line).matches("# (HELP|TYPE) [a-z_0-9]+ .*");
        continue;
      }
      Matcher sample = SAMPLE.matcher(line);
      assertThat(sample.matches()).as(line).isTrue();
      seriesOf.merge(sample.group(1), 1, Integer::sum);
      if (sample.group(2) != null) {
        Matcher label = LABEL.matcher(sample.group(2));
        int end = 0;
        while (label.find()) {
          assertThat(label.start()).isEqualTo(end);
          end = label.end();
          assertThat(List.of("user", "device", "conversation", "address"))
              .doesNotContain(label.group(1));
        }
        assertThat(end).as(line).isEqualTo(sample.group(2).length());
      }
    }
    assertThat(seriesOf).containsKey("quipu_sends_total");
    assertThat(seriesOf.values()).allMatch(series -> series <= ErrorCode.values().length + 2);
  }

  @Test
  void aLateEventLoopShows() throws Exception {
    AtomicLong nowMs = new AtomicLong();
    Clock clock =
        new Clock() {
          @Override
          public long nowMs() {
            return nowMs.getAndAdd(400); // each look at the clock is 400 ms later: 300 too late
          }

          @Override
          public long unixMs() {
            return 0;
          }
        };
    Vertx vertx = Vertx.vertx();
    try {
      EventLoopLag lag = EventLoopLag.watch(vertx, clock, metrics);
      CompletableFuture<Void> later = new CompletableFuture<>();
      vertx.setTimer(250, id -> later.complete(null));
      later.get(10, TimeUnit.SECONDS);
      lag.stop();
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
    Map<String, Double> samples = samples();
    double ticks = samples.get("quipu_eventloop_lag_seconds_count");
    assertThat(ticks).isPositive();
    assertThat(samples)
        .containsEntry("quipu_eventloop_lag_seconds_bucket{le=\"0.25\"}", 0.0)
        .containsEntry("quipu_eventloop_lag_seconds_bucket{le=\"0.5\"}", ticks);
  }

  private Map<String, Double> samples() {
    Map<String, Double> samples = new HashMap<>();
    for (String line : metrics.scrape().lines().filter(l -> !l.startsWith("#")).toList()) {
      int value = line.lastIndexOf(' ');
      samples.put(line.substring(0, value), Double.valueOf(line.substring(value + 1)));
    }
    return samples;
  }
}
