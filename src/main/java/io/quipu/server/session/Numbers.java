package io.quipu.server.session;

import io.quipu.protocol.Frame;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.Registry;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Numbers that are never given twice in the life of the node; for all its event loops. And which
 * sessions here have a successor: a kick may get lost, or come late.
 */
public final class Numbers {
  private final AtomicLong sessions = new AtomicLong();
  private final AtomicLong links = new AtomicLong();

  /** By the number of the replaced one: the generation of its successor. */
  private final ConcurrentMap<Long, Long> replaced = new ConcurrentHashMap<>();

  long nextSession() {
    return sessions.incrementAndGet();
  }

  long nextLink() {
    return links.incrementAndGet();
  }

  /** From now on frames of this session change nothing, if it is one of this node. */
  void replace(Registry registry, Registry.Entry older, long newerGeneration, NodeId self) {
    if (older.address().loop().node().equals(self)) {
      replaced.merge(older.address().session(), newerGeneration, Math::max);
      if (!registry.locate(older.user()).contains(older)) {
        ended(older.address().session()); // it has gone meanwhile
      }
    }
  }

  /** What this frame of a session means, now that it may have a successor. */
  SessionEvent received(long session, Frame frame) {
    Long newer = replaced.get(session);
    return newer == null ? new SessionEvent.Received(frame) : new SessionEvent.Kicked(newer);
  }

  void ended(long session) {
    replaced.remove(session);
  }
}
