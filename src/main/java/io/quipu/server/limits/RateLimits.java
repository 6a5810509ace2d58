package io.quipu.server.limits;

import io.netty.util.NetUtil;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.metrics.Metrics;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The limits of users and addresses, over all nodes as far as they share buckets. Every answer is 0
 * for "now" (and it counts), or the milliseconds not before which it makes sense to ask again. For
 * any thread.
 *
 * <p>A login asks the shared bucket each time. What happens more often is paid with tokens that
 * this node leases in chunks: see {@link Lease}. Without shared buckets, and while they are away,
 * each node keeps the limits by itself.
 */
public final class RateLimits {
  private static final int MINUTE_MS = 60_000;
  private static final int HOUR_MS = 3_600_000;
  private static final int SECOND_MS = 1_000;
  private static final int IPV4_BYTES = 4;
  private static final int IPV6_NETWORK_BYTES = 8;

  /** What was not used for so long may be used at once: people come in bursts. */
  private static final int BURST_SECONDS = 10;

  private final Optional<SharedBuckets> shared;
  private final Clock clock;
  private final Metrics metrics;
  private final Optional<Leases> loginsOfUser;
  private final Optional<Leases> loginsFromAddress;
  private final Optional<Leases> sends;
  private final Optional<Leases> groups;
  private final Optional<Leases> requests;

  public RateLimits(
      Configuration.Limits limits, Optional<SharedBuckets> shared, Clock clock, Metrics metrics) {
    this.shared = shared;
    this.clock = clock;
    this.metrics = metrics;
    int names = limits.maxNames();
    int logins = limits.loginsPerUserPerMinute();
    int fromAddress = limits.loginsPerAddressPerMinute();
    int sending = limits.sendsPerUserPerSecond();
    int creating = limits.groupsPerUserPerHour();
    int asking = limits.requestsPerUserPerSecond();
    this.loginsOfUser = leases("loginsPerUser", logins, MINUTE_MS, logins, names);
    this.loginsFromAddress = leases("loginsPerAddress", fromAddress, MINUTE_MS, fromAddress, names);
    this.sends = leases("sendsPerUser", sending, SECOND_MS, BURST_SECONDS * sending, names);
    this.groups = leases("groupsPerUser", creating, HOUR_MS, creating, names);
    this.requests = leases("requestsPerUser", asking, SECOND_MS, BURST_SECONDS * asking, names);
  }

  private static Optional<Leases> leases(
      String name, int most, int periodMs, int burst, int names) {
    return most == 0
        ? Optional.empty()
        : Optional.of(new Leases(new Budget(name, most, periodMs, burst), names));
  }

  /**
   * A login from this address, whoever it will be. Of IPv6 it is the network (/64): whoever has one
   * address has all of it.
   *
   * @param address without the port
   */
  public Future<Integer> loginFrom(String address) {
    return exactly(loginsFromAddress, network(address));
  }

  private static String network(String address) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address);
    return bytes == null || bytes.length == IPV4_BYTES
        ? address
        : HexFormat.of().formatHex(bytes, 0, IPV6_NETWORK_BYTES);
  }

  /** A login of this user, whose token is good. */
  public Future<Integer> loginOf(UserId user) {
    return exactly(loginsOfUser, user.value());
  }

  /**
   * A send of any content.
   *
   * @param creates it creates a group, and counts as that too
   */
  public int send(UserId user, boolean creates) {
    int waitMs = creates ? leased(groups, user.value()) : 0;
    return waitMs > 0 ? waitMs : leased(sends, user.value());
  }

  /** A request over HTTP. */
  public int request(UserId user) {
    return leased(requests, user.value());
  }

  private Future<Integer> exactly(Optional<Leases> leases, String who) {
    if (leases.isEmpty()) {
      return Future.succeededFuture(0);
    }
    Lease lease = leases.get().of(who, clock.nowNanos());
    Budget budget = leases.get().budget();
    Future<Integer> asked =
        shared.isPresent() && shared.get().isUp()
            ? shared
                .get()
                .take(budget, who, 0, 1)
                .map(
                    grant -> {
                      if (grant.tokens() == 0) {
                        return Math.max(1, grant.waitMs());
                      }
                      // So that this node goes on with what it knows when the shared one is away.
                      lease.takeOwn(clock.nowNanos());
                      return 0;
                    })
                .otherwise(away -> lease.takeOwn(clock.nowNanos()))
            : Future.succeededFuture(lease.takeOwn(clock.nowNanos()));
    return asked.map(waitMs -> counted(budget, waitMs));
  }

  private int leased(Optional<Leases> leases, String who) {
    if (leases.isEmpty()) {
      return 0;
    }
    long nowNanos = clock.nowNanos();
    Budget budget = leases.get().budget();
    Lease lease = leases.get().of(who, nowNanos);
    boolean up = shared.isPresent() && shared.get().isUp();
    int waitMs = lease.take(nowNanos, up);
    if (up && lease.begins(nowNanos)) {
      int owed = lease.owed();
      shared
          .get()
          .take(budget, who, owed, budget.chunk())
          .onSuccess(grant -> lease.granted(owed, grant, clock.nowNanos()))
          .onFailure(away -> lease.notGranted());
    }
    return counted(budget, waitMs);
  }

  private int counted(Budget budget, int waitMs) {
    if (waitMs > 0) {
      metrics.limitReached(budget.name());
    }
    return waitMs;
  }
}
