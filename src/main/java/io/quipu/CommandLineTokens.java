package io.quipu;

import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationLoader;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.SystemClock;
import io.quipu.tools.node.Tokens;
import java.util.Map;
import java.util.Optional;

/** The tools' tokens, made as the command {@code token} makes them. */
final class CommandLineTokens implements Tokens {
  private static final int TTL_SECONDS = 24 * 3600;

  /** Made when they are needed: most commands need none. */
  private Optional<DevelopmentTokens> ownNode = Optional.empty();

  private Optional<DevelopmentTokens> target = Optional.empty();

  @Override
  public synchronized String forOwnNode(UserId user) {
    if (ownNode.isEmpty()) {
      ownNode = Optional.of(tokens(Map.of()));
    }
    return ownNode.get().issue(user, TTL_SECONDS);
  }

  @Override
  public synchronized String forTarget(UserId user) {
    if (target.isEmpty()) {
      target = Optional.of(tokens(System.getenv()));
    }
    return target.get().issue(user, TTL_SECONDS);
  }

  private static DevelopmentTokens tokens(Map<String, String> environment) {
    Configuration configuration = ConfigurationLoader.withoutFile(environment);
    return new DevelopmentTokens(configuration, new SystemClock());
  }
}
