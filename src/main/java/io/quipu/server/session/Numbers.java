package io.quipu.server.session;

import java.util.concurrent.atomic.AtomicLong;

/** Numbers that are never given twice in the life of the node; for all its event loops. */
public final class Numbers {
  private final AtomicLong sessions = new AtomicLong();
  private final AtomicLong links = new AtomicLong();

  long nextSession() {
    return sessions.incrementAndGet();
  }

  long nextLink() {
    return links.incrementAndGet();
  }
}
