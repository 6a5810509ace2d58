package io.quipu.server.session;

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
  final ConcurrentMap<Long, Long> replaced = new ConcurrentHashMap<>();

  long nextSession() {
    return sessions.incrementAndGet();
  }

  long nextLink() {
    return links.incrementAndGet();
  }
}
