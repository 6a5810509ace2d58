package io.quipu.server;

import io.quipu.server.adapter.postgres.EmbeddedPostgres;
import io.quipu.server.adapter.redis.EmbeddedRedis;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What the nodes of a cluster on one machine share: a PostgreSQL with its data in {@code folder},
 * as a single node has it, and a Redis. All calls block.
 */
public final class LocalStores implements AutoCloseable {
  private final EmbeddedPostgres postgres;
  private final EmbeddedRedis redis;

  private LocalStores(EmbeddedPostgres postgres, EmbeddedRedis redis) {
    this.postgres = postgres;
    this.redis = redis;
  }

  /**
   * Starts both, or leaves nothing running.
   *
   * @throws io.quipu.server.journal.StoreUnfitException if PostgreSQL cannot; among others when
   *     somebody else uses the folder
   * @throws IOException if Redis cannot
   */
  public static LocalStores start(Path folder, int redisPort) throws IOException {
    EmbeddedPostgres postgres = EmbeddedPostgres.start(folder);
    try {
      return new LocalStores(
          postgres, EmbeddedRedis.start(folder.resolve("redis"), "127.0.0.1", redisPort));
    } catch (IOException | RuntimeException e) {
      postgres.close();
      throw e;
    }
  }

  /** With the password. */
  public String postgresUri() {
    return postgres.uri();
  }

  public long postgresPid() {
    return postgres.pid();
  }

  public String redisUri() {
    return redis.uri();
  }

  public long redisPid() {
    return redis.pid();
  }

  /** Ends Redis, then PostgreSQL; what is committed stays. */
  @Override
  public void close() {
    redis.close();
    postgres.close();
  }
}
