package io.quipu.server.adapter.redis;

import io.quipu.server.config.Configuration;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisClientType;
import io.vertx.redis.client.RedisOptions;
import java.util.Locale;

/** Makes a client of the configuration. Each is used for one connection, and closed with it. */
final class Clients {
  /** One connection for each, and in a cluster of Redis one for each of its nodes. */
  private static final int POOL = 2;

  private static final int POOL_WAITING = 8;

  private Clients() {}

  static Redis make(Vertx vertx, Configuration.Redis redis) {
    NetClientOptions net =
        new NetClientOptions()
            .setConnectTimeout(redis.timeoutMs())
            .setTcpKeepAlive(true)
            .setTcpNoDelay(true)
            .setHostnameVerificationAlgorithm("HTTPS");
    redis.caFile().ifPresent(file -> net.setTrustOptions(new PemTrustOptions().addCertPath(file)));
    RedisOptions options =
        new RedisOptions()
            .setType(RedisClientType.valueOf(redis.mode().toUpperCase(Locale.ROOT)))
            .setMasterName(redis.masterName())
            .setNetClientOptions(net)
            .setMaxPoolSize(POOL)
            .setMaxPoolWaiting(POOL_WAITING)
            .setMaxWaitingHandlers(2 * Link.MAX_IN_FLIGHT);
    redis.uris().forEach(options::addConnectionString);
    redis.user().ifPresent(options::setUser);
    redis.password().ifPresent(options::setPassword);
    return Redis.createClient(vertx, options);
  }
}
