package io.quipu.tools.demo;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.HashSet;
import java.util.Set;

/** A TCP port in front of another one. It can be cut, as a tunnel cuts a phone's connection. */
final class CuttableLink {
  private static final String LOOPBACK = "127.0.0.1";

  private final int target;
  private final NetServer server;
  private final NetClient client;
  private final Set<NetSocket> sockets = new HashSet<>();
  private boolean whole = true;

  private CuttableLink(Vertx vertx, int target) {
    this.target = target;
    this.server = vertx.createNetServer();
    this.client = vertx.createNetClient();
  }

  static Future<CuttableLink> to(Vertx vertx, int target) {
    CuttableLink link = new CuttableLink(vertx, target);
    return link.server.connectHandler(link::accept).listen(0, LOOPBACK).map(link);
  }

  int port() {
    return server.actualPort();
  }

  /** Ends what is connected and refuses what comes, until {@link #restore}. */
  synchronized void cut() {
    whole = false;
    Set.copyOf(sockets).forEach(NetSocket::close);
  }

  synchronized void restore() {
    whole = true;
  }

  private synchronized boolean keep(NetSocket socket) {
    if (whole) {
      sockets.add(socket);
    }
    return whole;
  }

  private synchronized void forget(NetSocket socket) {
    sockets.remove(socket);
  }

  private void accept(NetSocket device) {
    if (!keep(device)) {
      device.close();
      return;
    }
    device.pause();
    device.closeHandler(nothing -> forget(device));
    device.exceptionHandler(broken -> device.close());
    client
        .connect(target, LOOPBACK)
        .onSuccess(
            node -> {
              node.exceptionHandler(broken -> node.close());
              // Each end's close closes the other: a pipe ends its target.
              node.pipeTo(device).onComplete(over -> device.close());
              device.pipeTo(node).onComplete(over -> node.close());
            })
        .onFailure(refused -> device.close());
  }
}
