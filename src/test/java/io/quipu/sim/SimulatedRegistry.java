package io.quipu.sim;

import io.quipu.model.UserId;
import io.quipu.server.cluster.LocalRegistry;
import io.quipu.server.cluster.Registry;
import java.util.List;

/** One registry for all nodes. It may say that nobody is there. */
final class SimulatedRegistry implements Registry {
  private final Faults faults;
  private final LocalRegistry entries = new LocalRegistry();

  SimulatedRegistry(Faults faults) {
    this.faults = faults;
  }

  @Override
  public List<Entry> register(Entry entry) {
    return entries.register(entry);
  }

  @Override
  public void unregister(Entry entry) {
    entries.unregister(entry);
  }

  @Override
  public List<Entry> locate(UserId user) {
    return faults.happens("registry knows nobody", faults.staleRegistry)
        ? List.of()
        : entries.locate(user);
  }
}
