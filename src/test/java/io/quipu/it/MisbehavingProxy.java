package io.quipu.it;

import io.quipu.protocol.Frame;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A port in front of a node's real one. It knows the frames that pass, and does to one of them,
 * when told, what networks, proxies and mobile phones do. All else it hands on as it comes.
 */
final class MisbehavingProxy implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1";

  /** What becomes of the frame. */
  enum Fault {
    /** It is swallowed; the connection lives on and nobody notices. */
    LOST(false),
    /** It is held back, and what comes behind it waits. */
    DELAYED(false),
    /** It comes twice, and a third time later. */
    REPEATED(false),
    /** The connection ends; it never arrives. */
    CUT_BEFORE(true),
    /** The connection ends in the middle of it. */
    CUT_WITHIN(true),
    /** It arrives, and is the last that does. */
    CUT_AFTER(true),
    /** The device's side ends; it arrives while the device is connecting again. */
    CUT_AND_LATE(true);

    private final boolean cuts;

    Fault(boolean cuts) {
      this.cuts = cuts;
    }

    boolean cuts() {
      return cuts;
    }
  }

  private record Order(Predicate<Frame> like, Fault fault) {}

  private final Vertx vertx;
  private final boolean webSocket;
  private final int delayMs;
  private final NetServer server;
  private final NetClient client;
  private final List<Pair> pairs = new ArrayList<>();
  private final List<Frame> passed = new ArrayList<>();
  private final List<Runnable> late = new ArrayList<>();
  private Optional<Order> order = Optional.empty();
  private int targetPort;
  private int accepted;

  /**
   * @param delayMs of what is delayed, and of the late repetition
   */
  private MisbehavingProxy(Vertx vertx, boolean webSocket, int targetPort, int delayMs) {
    this.vertx = vertx;
    this.webSocket = webSocket;
    this.targetPort = targetPort;
    this.delayMs = delayMs;
    this.server = vertx.createNetServer();
    this.client = vertx.createNetClient();
  }

  /**
   * @param scheme tcp, ws or ws+json: which of the node's ports
   */
  static MisbehavingProxy before(Vertx vertx, TestNode node, String scheme, int delayMs) {
    boolean webSocket = !scheme.equals("tcp");
    int target = webSocket ? node.httpPort() : node.tcpPort();
    MisbehavingProxy proxy = new MisbehavingProxy(vertx, webSocket, target, delayMs);
    SdkDevice.await(proxy.server.connectHandler(proxy::accept).listen(0, LOOPBACK));
    return proxy;
  }

  /** A device of the SDK behind this proxy, not yet started. */
  SdkDevice device(TestNode node, String user, String scheme) {
    String path = webSocket ? RawSocket.PATH : "";
    String uri = scheme + "://" + LOOPBACK + ":" + server.actualPort() + path;
    return new SdkDevice(vertx, uri, () -> node.token(user), "phone");
  }

  /** Does this to the next frame like that. */
  synchronized void next(Predicate<Frame> like, Fault fault) {
    order = Optional.of(new Order(like, fault));
  }

  /** True when what was ordered has been done. */
  synchronized boolean isDone() {
    return order.isEmpty();
  }

  /** New connections go to this node; those that are there stay. */
  synchronized void leadTo(TestNode node) {
    targetPort = webSocket ? node.httpPort() : node.tcpPort();
  }

  /** Ends all connections; new ones are welcome. */
  synchronized void cut() {
    List.copyOf(pairs).forEach(Pair::end);
  }

  /** So many connections have been made. */
  synchronized int connections() {
    return accepted;
  }

  /** What has arrived whole at the other side, in its order. */
  synchronized <F extends Frame> List<F> passed(Class<F> kind) {
    return passed.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  private synchronized Optional<Fault> faultFor(Frame frame) {
    Optional<Fault> fault = order.filter(o -> o.like.test(frame)).map(Order::fault);
    if (fault.isPresent()) {
      order = Optional.empty();
    }
    return fault;
  }

  private void accept(NetSocket device) {
    device.pause();
    int target;
    List<Runnable> now;
    synchronized (this) {
      accepted++;
      target = targetPort;
      now = List.copyOf(late);
      late.clear();
    }
    now.forEach(Runnable::run);
    client
        .connect(target, LOOPBACK)
        .onSuccess(node -> new Pair(device, node).start())
        .onFailure(refused -> device.close());
  }

  /** One connection through this proxy. */
  private final class Pair {
    private final NetSocket device;
    private final NetSocket node;
    private boolean deviceIsGone;

    Pair(NetSocket device, NetSocket node) {
      this.device = device;
      this.node = node;
    }

    void start() {
      synchronized (MisbehavingProxy.this) {
        pairs.add(this);
      }
      Lane up = new Lane(this, node);
      Lane down = new Lane(this, device);
      device.exceptionHandler(broken -> device.close());
      node.exceptionHandler(broken -> node.close());
      device.closeHandler(
          gone -> {
            if (!deviceIsGone) {
              end();
            }
          });
      node.closeHandler(gone -> end());
      node.handler(down.scanner::take);
      device.handler(up.scanner::take).resume();
    }

    void end() {
      deviceIsGone = true;
      device.close();
      node.close();
      synchronized (MisbehavingProxy.this) {
        pairs.remove(this);
      }
    }

    /** The node does not notice. */
    void endOfDevice() {
      deviceIsGone = true;
      device.close();
    }
  }

  /** One direction of one connection. */
  private final class Lane {
    private final Pair pair;
    private final NetSocket to;
    private final FrameScanner scanner;
    private final ArrayDeque<FrameScanner.Piece> behind = new ArrayDeque<>();
    private boolean held;
    private boolean over;

    Lane(Pair pair, NetSocket to) {
      this.pair = pair;
      this.to = to;
      this.scanner =
          new FrameScanner(
              webSocket,
              piece -> {
                behind.add(piece);
                goOn();
              });
    }

    private void goOn() {
      while (!held && !over && !behind.isEmpty()) {
        FrameScanner.Piece piece = behind.remove();
        Optional<Fault> fault = piece.frame().flatMap(MisbehavingProxy.this::faultFor);
        if (fault.isPresent()) {
          suffer(piece, fault.get());
        } else {
          hand(piece);
        }
      }
    }

    private void hand(FrameScanner.Piece piece) {
      synchronized (MisbehavingProxy.this) {
        piece.frame().ifPresent(passed::add);
      }
      write(piece.raw());
    }

    private void write(Buffer bytes) {
      to.write(bytes).onFailure(gone -> over = true);
    }

    private void suffer(FrameScanner.Piece piece, Fault fault) {
      switch (fault) {
        case LOST -> {}
        case DELAYED -> {
          held = true;
          vertx.setTimer(
              delayMs,
              timer -> {
                held = false;
                hand(piece);
                goOn();
              });
        }
        case REPEATED -> {
          hand(piece);
          hand(piece);
          vertx.setTimer(delayMs, timer -> hand(piece));
        }
        case CUT_BEFORE -> {
          over = true;
          pair.end();
        }
        case CUT_WITHIN -> {
          over = true;
          write(piece.raw().getBuffer(0, (piece.raw().length() + 1) / 2));
          pair.end();
        }
        case CUT_AFTER -> {
          over = true;
          hand(piece);
          pair.end();
        }
        case CUT_AND_LATE -> {
          over = true;
          pair.endOfDevice();
          synchronized (MisbehavingProxy.this) {
            late.add(() -> hand(piece));
          }
        }
      }
    }
  }

  @Override
  public void close() {
    SdkDevice.await(server.close());
    cut();
    SdkDevice.await(client.close());
  }
}
