package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.List;

/** The sessions of this node, whose coming and going the other nodes hear of. */
public final class AnnouncedRegistry implements Registry {
  private final Registry here;
  private final Whereabouts everywhere;

  public AnnouncedRegistry(Registry here, Whereabouts everywhere) {
    this.here = here;
    this.everywhere = everywhere;
  }

  @Override
  public List<Entry> register(Entry entry) {
    List<Entry> older = here.register(entry);
    everywhere.came(entry);
    return older;
  }

  @Override
  public void unregister(Entry entry) {
    here.unregister(entry);
    everywhere.left(entry);
  }

  @Override
  public List<Entry> locate(UserId user) {
    return here.locate(user);
  }
}
