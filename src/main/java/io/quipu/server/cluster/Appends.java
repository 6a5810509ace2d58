package io.quipu.server.cluster;

import java.util.List;

/** All that one event loop has for one owner in one turn; in order for each link. */
public record Appends(List<Append> appends) implements BusMessage {
  public Appends {
    appends = List.copyOf(appends);
  }
}
