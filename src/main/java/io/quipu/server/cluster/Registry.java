package io.quipu.server.cluster;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import java.util.List;

/** Who is connected where. A hint: stale or empty, it costs time only. */
public interface Registry {
  /** Adds a session; returns the older ones of the same device, which must give way. */
  List<Entry> register(Entry entry);

  /** Removes exactly this session, not its successor. */
  void unregister(Entry entry);

  /** The sessions of a user now; never changed afterwards. */
  List<Entry> locate(UserId user);

  /** One session of one device. */
  record Entry(UserId user, DeviceId device, long generation, SessionAddress address) {}
}
