package io.quipu.fake;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.cluster.GivingWay;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.NodeParcel.Newcomer;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.Whereabouts;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What nodes of one test know of each other, at once and exactly, unless it is away. */
public final class FakeWhereabouts implements Whereabouts {
  private final Shared shared;
  private final NodeId self;
  private final GivingWay givingWay;

  /** What all nodes of a test share. */
  public static final class Shared {
    private final Map<UserId, Map<DeviceId, Registry.Entry>> users = new HashMap<>();
    private boolean away;

    public synchronized void setAway(boolean now) {
      away = now;
      users.clear();
    }
  }

  public FakeWhereabouts(Shared shared, NodeId self, GivingWay givingWay) {
    this.shared = shared;
    this.self = self;
    this.givingWay = givingWay;
  }

  @Override
  public Optional<Set<NodeId>> nodesOf(UserId user) {
    synchronized (shared) {
      return shared.away
          ? Optional.empty()
          : Optional.of(
              shared.users.getOrDefault(user, Map.of()).values().stream()
                  .map(FakeWhereabouts::nodeOf)
                  .collect(Collectors.toSet()));
    }
  }

  private static NodeId nodeOf(Registry.Entry entry) {
    return entry.address().loop().node();
  }

  @Override
  public void came(Registry.Entry entry) {
    Newcomer newcomer = new Newcomer(entry.user(), entry.device(), entry.generation());
    synchronized (shared) {
      if (shared.away) {
        givingWay.tellAll(newcomer);
        return;
      }
      Map<DeviceId, Registry.Entry> devices =
          shared.users.computeIfAbsent(entry.user(), user -> new HashMap<>());
      Optional<Registry.Entry> there = Optional.ofNullable(devices.get(entry.device()));
      if (there.isPresent() && there.get().generation() > entry.generation()) {
        givingWay.tell(self, new Newcomer(entry.user(), entry.device(), there.get().generation()));
        return;
      }
      devices.put(entry.device(), entry);
      there
          .map(FakeWhereabouts::nodeOf)
          .filter(node -> !node.equals(self))
          .ifPresent(node -> givingWay.tell(node, newcomer));
    }
  }

  @Override
  public void left(Registry.Entry entry) {
    synchronized (shared) {
      shared.users.getOrDefault(entry.user(), new HashMap<>()).remove(entry.device(), entry);
    }
  }
}
