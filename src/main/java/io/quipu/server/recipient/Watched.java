package io.quipu.server.recipient;

import io.quipu.server.journal.MessageLog.DeviceBehind;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;

/** The sessions of one event loop, as the periodic look sees them. For any thread. */
interface Watched {
  /** The device keys of all sessions now. Who is opened later missed the look that follows. */
  Future<Collection<Long>> gather();

  /** What the look that followed the last {@link #gather} found. */
  Future<Void> looked(List<DeviceBehind> behind);

  /** There is no telling what was missed: all cursors are looked at. */
  Future<Void> lookAtAll();
}
