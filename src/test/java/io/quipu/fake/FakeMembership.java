package io.quipu.fake;

import io.quipu.server.cluster.Member;
import io.quipu.server.cluster.Membership;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Members as a test says. */
public final class FakeMembership implements Membership {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile List<Member> members;

  public FakeMembership(Member... members) {
    this.members = List.of(members);
  }

  @Override
  public List<Member> members() {
    return members;
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /** From now on these are the members. */
  public void become(Member... now) {
    members = List.of(now);
    listeners.forEach(Runnable::run);
  }
}
