package io.quipu.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.config.Configuration;
import io.quipu.server.http.HttpFixture.Reply;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The listener of operators: what it tells, and whom. */
class AdminVerticleTest {
  private static final String TOKEN = "a-token-of-operators";

  private final HttpFixture http = new HttpFixture(HttpFixture.RULES);

  @AfterEach
  void close() {
    http.close();
  }

  private HttpFixture.Admin admin(String token) {
    return http.admin(
        new Configuration.Admin("127.0.0.1", 0, Optional.of(token).filter(t -> !t.isEmpty())));
  }

  @Test
  void metricsAreScraped() {
    http.get("/v2", "alice");
    http.get("/healthz", "");
    HttpFixture.Admin admin = admin("");
    Reply reply = admin.call("GET", "/metrics");
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("content-type")).startsWith("text/plain; version=0.0.4");
    assertThat(reply.header("cache-control")).isEqualTo("no-store");
    assertThat(reply.header("x-content-type-options")).isEqualTo("nosniff");
    assertThat(reply.body())
        .contains(
            "\nquipu_http_requests_total{status=\"404\"} 1.0\n",
            "\nquipu_http_requests_total{status=\"200\"} 1.0\n",
            "\nquipu_sends_total{result=\"STORED\"} 0.0\n");
    Reply head = admin.call("HEAD", "/metrics");
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void askingOftenGathersTheNumbersOncePerSecond() {
    HttpFixture.Admin admin = admin("");
    admin.call("GET", "/metrics");
    http.metrics.sendAcked();
    assertThat(admin.call("GET", "/metrics").body())
        .contains("quipu_sends_total{result=\"STORED\"} 0.0");
    http.nowMs.addAndGet(1_000);
    assertThat(admin.call("GET", "/metrics").body())
        .contains("quipu_sends_total{result=\"STORED\"} 1.0");
  }

  @Test
  void metricsAreNotForUsers() {
    assertThat(http.get("/metrics", "").status()).isEqualTo(404);
    assertThat(http.get("/metrics", "alice").status()).isEqualTo(404);
    assertThat(http.get("/v1/../metrics", "alice").status()).isEqualTo(400);
    assertThat(admin("").call("GET", "/v1/conversations").status()).isEqualTo(404);
    assertThat(admin("").call("GET", "/v1/connect", "Upgrade: websocket", "Connection: Upgrade"))
        .matches(reply -> reply.status() == 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Authorization: Bearer",
        "Authorization: Bearer a-token-of-operator",
        "Authorization: Bearer a-token-of-operators!",
        "Authorization: Bearer A-TOKEN-OF-OPERATORS",
        "Authorization: Basic YS10b2tlbi1vZi1vcGVyYXRvcnM=",
        "Authorization: Bearer token-of-alice",
        "Authorization: a-token-of-operators",
        "X-Token: a-token-of-operators",
        "Cookie: token=a-token-of-operators"
      })
  void metricsNeedTheTokenIfThereIsOne(String header) {
    HttpFixture.Admin admin = admin(TOKEN);
    Reply refused =
        header.isEmpty() ? admin.call("GET", "/metrics") : admin.call("GET", "/metrics", header);
    assertThat(refused.status()).isEqualTo(401);
    assertThat(refused.header("www-authenticate")).startsWith("Bearer");
    assertThat(refused.body()).contains("TOKEN_INVALID").doesNotContain(TOKEN, "quipu_");
    assertThat(admin.call("GET", "/metrics", "Authorization: Bearer " + TOKEN).status())
        .isEqualTo(200);
    assertThat(admin.call("GET", "/metrics?token=" + TOKEN).status()).isEqualTo(401);
    assertThat(admin.call("GET", "/healthz").status()).isEqualTo(200);
    assertThat(admin.call("GET", "/readyz").status()).isEqualTo(200);
  }

  @Test
  void theTokenStandsThereOnce() {
    String header = "Authorization: Bearer " + TOKEN;
    assertThat(admin(TOKEN).call("GET", "/metrics", header, header).status()).isEqualTo(401);
  }

  @Test
  void aliveIsNotReady() {
    HttpFixture.Admin admin = admin("");
    http.storeFails = Optional.of(new QuipuException(ErrorCode.STORE_DOWN, "postgres://secret"));
    assertThat(admin.call("GET", "/healthz").text("status")).isEqualTo("alive");
    Reply reply = admin.call("GET", "/readyz");
    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.text("title")).isEqualTo("STORE_DOWN");
    assertThat(reply.text("detail")).isEqualTo("the message store does not answer");
    http.storeFails = Optional.empty();
    http.nowMs.addAndGet(1_000);
    assertThat(admin.call("GET", "/readyz").text("status")).isEqualTo("ready");
    http.placed = false;
    assertThat(admin.call("GET", "/readyz").text("title")).isEqualTo("OWNER_UNREACHABLE");
    assertThat(admin.call("GET", "/healthz").status()).isEqualTo(200);
    http.placed = true;
    http.draining = true;
    assertThat(admin.call("GET", "/readyz").text("title")).isEqualTo("DRAINING");
    assertThat(admin.call("GET", "/healthz").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "/,404",
    "/metrics/,400",
    "/metrics/..,400",
    "//metrics,400",
    "/./metrics,400",
    "/%2e%2e/etc/passwd,400",
    "/..%2f..%2fetc%2fpasswd,400",
    "/..;/metrics,404",
    "/metrics%00,400",
    "/METRICS,404",
    "/%6detrics,404",
    "/etc/passwd,404"
  })
  void noOtherPathLeadsAnywhere(String path, int status) {
    Reply reply = admin("").call("GET", path);
    assertThat(reply.status()).isEqualTo(status);
    assertThat(reply.header("content-type")).isEqualTo("application/problem+json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE"})
  void itIsForReadingOnly(String method) {
    Reply reply = admin("").call(method, "/metrics");
    assertThat(reply.status()).isEqualTo(405);
    assertThat(reply.header("allow")).isEqualTo("GET, HEAD");
  }

  @Test
  void withoutATokenAWebPageThatPointsItsNameHereGetsNothing() {
    HttpFixture.Admin open = admin("");
    assertThat(open.raw("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n").status()).isEqualTo(421);
    assertThat(open.raw("GET /metrics HTTP/1.1\r\nHost: localhost:7390\r\n").status())
        .isEqualTo(200);
    HttpFixture.Admin closed = admin(TOKEN);
    assertThat(
            closed
                .raw(
                    "GET /metrics HTTP/1.1\r\nHost: node-1\r\nAuthorization: Bearer "
                        + TOKEN
                        + "\r\n")
                .status())
        .isEqualTo(200);
  }
}
