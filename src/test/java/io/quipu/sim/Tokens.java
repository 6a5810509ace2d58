package io.quipu.sim;

import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.session.Authenticator;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.Clock;
import io.vertx.core.Vertx;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Real tokens of a time that stands still, and who believes in them; for all worlds. */
final class Tokens implements AutoCloseable {
  /** Where the Unix time of a simulated world begins. */
  static final long NOW_MS = 1_800_000_000_000L;

  private static final Clock CLOCK =
      new Clock() {
        @Override
        public long nowMs() {
          return 0;
        }

        @Override
        public long unixMs() {
          return NOW_MS;
        }
      };

  private final Vertx vertx = Vertx.vertx();
  private final Authenticator authenticator;
  private final DevelopmentTokens issuer;
  private final Map<UserId, String> tokens = new ConcurrentHashMap<>();

  Tokens() {
    Configuration configuration = ConfigurationLoader.withoutFile(Map.of());
    this.authenticator = new Authenticator(vertx, configuration, CLOCK, (setting, usable) -> {});
    this.issuer = new DevelopmentTokens(configuration, CLOCK);
  }

  Authenticator authenticator() {
    return authenticator;
  }

  String of(UserId user) {
    return tokens.computeIfAbsent(user, one -> issuer.issue(one, 3_600));
  }

  @Override
  public void close() {
    vertx.close();
  }
}
