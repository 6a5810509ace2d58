package io.quipu.server.fanout;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Bus;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.LocalPost;
import io.quipu.server.cluster.NodeParcel;
import io.quipu.server.cluster.Registry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/**
 * ⑤ The end of fan-out on the node where it arrives: finds the sessions of the users whom another
 * node's parcel names, and hands each event loop its share. Without a Redis a node is told more
 * than it needs; what is for nobody here ends here.
 */
public final class PostVerticle extends VerticleBase {
  private final Address.Post address;
  private final Bus bus;
  private final LocalPost post;
  private Bus.Registration registration = Future::succeededFuture;

  public PostVerticle(Address.Post address, Bus bus, Registry registry) {
    this.address = address;
    this.bus = bus;
    this.post = new LocalPost(bus, registry);
  }

  @Override
  public Future<?> start() {
    return bus.serve(address, this::receive).onSuccess(served -> registration = served);
  }

  @Override
  public Future<?> stop() {
    return registration.close();
  }

  private void receive(BusMessage message) {
    if (message instanceof NodeParcel parcel) {
      post.take(parcel, address.node());
      post.flush();
    }
  }
}
