package io.quipu.fake;

import io.quipu.server.cluster.MemberNode;
import io.quipu.server.cluster.Membership;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Members as a test says. */
public final class FakeMembership implements Membership {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile List<MemberNode> members;

  public FakeMembership(MemberNode... members) {
    this.members = List.of(members);
  }

  @Override
  public List<MemberNode> members() {
    return members;
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /** From now on these are the members. */
  public void become(MemberNode... now) {
    members = List.of(now);
    listeners.forEach(Runnable::run);
  }
}
