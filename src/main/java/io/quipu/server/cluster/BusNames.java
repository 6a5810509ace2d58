package io.quipu.server.cluster;

import io.quipu.server.metrics.AddressKind;
import java.util.Locale;

/** What the event bus calls an address. The same in every version: nodes find each other by it. */
final class BusNames {
  private BusNames() {}

  static String of(NodeId node, AddressKind kind, int index) {
    return name(kind.name(), node, index);
  }

  static String of(Address address) {
    String kind =
        address instanceof Address.Owner
            ? AddressKind.OWNER.name()
            : address instanceof Address.Post ? AddressKind.POST.name() : "LOOP";
    return name(kind, address.node(), address.index());
  }

  private static String name(String kind, NodeId node, int index) {
    return "quipu." + kind.toLowerCase(Locale.ROOT) + "." + node + "." + index;
  }
}
