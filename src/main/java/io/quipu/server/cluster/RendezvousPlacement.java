package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import io.quipu.server.cluster.Peers.Peer;
import io.quipu.server.cluster.Peers.State;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/**
 * Highest-random-weight hashing: every node computes the same owner from the same peers, and when
 * one goes only its own shards move. (Thaler and Ravishankar, 1998.)
 *
 * <pre>
 * owner of a shard, in this node's view:
 *   of those who serve and are not silent, the one of the highest weight
 *   if all who serve are silent, the one of the highest weight of them
 *   if nobody serves, of those who are leaving, the same way; then of all
 * </pre>
 */
public final class RendezvousPlacement implements Placement {
  private final Peers peers;
  private final int shards;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private volatile Route[] routes;

  /**
   * @param shards the same on all nodes, for ever
   */
  public RendezvousPlacement(Peers peers, int shards) {
    this.peers = peers;
    this.shards = shards;
    this.routes = computed();
    peers.onChange(this::changed);
  }

  @Override
  public int shardOf(ConversationId conversation) {
    // Not String.hashCode: the shard of a conversation is the same in every language and version.
    CRC32C crc = new CRC32C();
    crc.update(conversation.value().getBytes(StandardCharsets.UTF_8));
    return (int) (crc.getValue() % shards);
  }

  @Override
  public Route routeOf(ConversationId conversation) {
    return routes[shardOf(conversation)];
  }

  @Override
  public Address.Owner ownHere(ConversationId conversation) {
    int instances =
        peers.now().stream()
            .filter(peer -> peer.id().equals(peers.self()))
            .mapToInt(Peer::instances)
            .findFirst()
            .orElse(1);
    return new Address.Owner(peers.self(), shardOf(conversation) % instances);
  }

  @Override
  public boolean isOwner(ConversationId conversation) {
    return routeOf(conversation).owner().node().equals(peers.self());
  }

  @Override
  public void onLoss(Listener listener) {
    listeners.add(listener);
  }

  private void changed() {
    Predicate<ConversationId> lost;
    synchronized (this) {
      Route[] before = routes;
      Route[] after = computed();
      routes = after;
      Set<NodeId> good =
          peers.now().stream()
              .filter(peer -> !peer.silent() && peer.state() != State.JOINING)
              .map(Peer::id)
              .collect(Collectors.toUnmodifiableSet());
      boolean[] moved = new boolean[shards];
      boolean any = false;
      for (int shard = 0; shard < shards; shard++) {
        NodeId owner = before[shard].owner().node();
        moved[shard] = !owner.equals(after[shard].owner().node()) && !good.contains(owner);
        any |= moved[shard];
      }
      if (!any) {
        return;
      }
      lost = conversation -> moved[shardOf(conversation)];
    }
    listeners.forEach(listener -> listener.lost(lost));
  }

  private Route[] computed() {
    List<Peer> now = peers.now();
    Route[] made = new Route[shards];
    for (int shard = 0; shard < shards; shard++) {
      made[shard] = routeOf(shard, now);
    }
    return made;
  }

  private Route routeOf(int shard, List<Peer> now) {
    List<Peer> ranked = ranked(shard, now, State.SERVING);
    if (ranked.isEmpty()) {
      ranked = ranked(shard, now, State.LEAVING);
    }
    if (ranked.isEmpty()) {
      ranked = ranked(shard, now, State.JOINING);
    }
    int best = 0;
    while (best < ranked.size() - 1 && ranked.get(best).silent()) {
      best++;
    }
    if (ranked.get(best).silent()) {
      best = 0;
    }
    Peer owner = ranked.get(best);
    return new Route(new Address.Owner(owner.id(), shard % owner.instances()), best > 0);
  }

  private static List<Peer> ranked(int shard, List<Peer> now, State state) {
    List<Peer> ranked = new ArrayList<>(now.size());
    for (Peer peer : now) {
      if (peer.state() == state) {
        ranked.add(peer);
      }
    }
    if (ranked.size() > 1) {
      ranked.sort(Comparator.comparingLong((Peer one) -> weight(one.id(), shard)).reversed());
    }
    return ranked;
  }

  private static long weight(NodeId node, int shard) {
    CRC32C crc = new CRC32C();
    crc.update(node.value().getBytes(StandardCharsets.UTF_8));
    crc.update(shard >>> 8);
    crc.update(shard);
    // CRC alone is linear: spread it, or neighbours would rank alike (splitmix64's finalizer).
    long z = crc.getValue() * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (z ^ (z >>> 31)) >>> 1;
  }
}
