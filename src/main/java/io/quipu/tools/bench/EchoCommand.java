package io.quipu.tools.bench;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetServer;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code bench echo}: what {@code bench idle} compares a node with. */
@Command(
    name = "echo",
    hidden = true,
    header = {"A bare Vert.x server that sends back what it gets, until it is killed.", ""},
    description = {"What bench idle compares a node with; it writes its two ports as JSON.", ""})
public final class EchoCommand implements Callable<Integer> {
  private static final String LOOPBACK = "127.0.0.1";

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    Vertx vertx = Vertx.vertx();
    NetServer net = vertx.createNetServer();
    net.connectHandler(socket -> socket.handler(socket::write));
    HttpServer web =
        vertx.createHttpServer(
            new HttpServerOptions()
                .setPerMessageWebSocketCompressionSupported(false)
                .setPerFrameWebSocketCompressionSupported(false));
    web.webSocketHandler(socket -> socket.binaryMessageHandler(socket::writeBinaryMessage));
    Future.all(net.listen(0, LOOPBACK), web.listen(0, LOOPBACK))
        .onSuccess(
            listening -> {
              PrintWriter out = spec.commandLine().getOut();
              out.println(
                  new JsonObject()
                      .put("tcp_port", net.actualPort())
                      .put("http_port", web.actualPort())
                      .encode());
              out.flush();
            });
    new CountDownLatch(1).await();
    return 0;
  }
}
