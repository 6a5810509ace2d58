package io.quipu.server.command;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process's wish to end: SIGTERM, SIGINT (Ctrl-C) or SIGHUP asks; the same one again ends at
 * once.
 *
 * <p>A shutdown hook could not do this: the JVM then ignores the second signal, and its exit code
 * says "killed" after a clean stop. {@code sun.misc.Signal} is the JDK's only other way; it is
 * supported (module jdk.unsupported), but javac warns of it by name, hence the reflection.
 */
public final class Signals {
  private static final Logger log = LoggerFactory.getLogger(Signals.class);

  /** What a shell reports for a process that a signal ended. */
  private static final int KILLED_BY = 128;

  private Signals() {}

  /**
   * Completes with the signal's name at the first one; the process ends by itself at the second.
   */
  public static Future<String> firstOf(List<String> names) {
    Promise<String> asked = Promise.promise();
    for (String name : names) {
      // Each has its own count: a terminal sends INT to everybody, and whoever started this node
      // may then send TERM too, which is no second wish.
      AtomicInteger count = new AtomicInteger();
      handle(
          name,
          number -> {
            if (count.incrementAndGet() > 1) {
              Runtime.getRuntime().halt(KILLED_BY + number);
            }
            asked.tryComplete("SIG" + name);
          });
    }
    return asked.future();
  }

  /** From now on these do nothing. */
  static void ignore(List<String> names) {
    names.forEach(name -> handle(name, number -> log.debug("SIG{} is passed over", name)));
  }

  /**
   * Completes when standard input ends: whoever started this process and holds the other end has
   * gone, however that happened. What is read is passed over.
   */
  static Future<String> endOfInput() {
    Promise<String> ended = Promise.promise();
    Thread reader =
        new Thread(
            () -> {
              byte[] bytes = new byte[256];
              try {
                while (System.in.read(bytes) >= 0) {
                  log.trace("input is passed over");
                }
                ended.complete("end of input");
              } catch (IOException e) {
                ended.complete("no input: " + e.getMessage());
              }
            },
            "end-of-input");
    reader.setDaemon(true);
    reader.start();
    return ended.future();
  }

  private interface Handler {
    void signalled(int number);
  }

  private static void handle(String name, Handler handler) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Method number = signal.getMethod("getNumber");
      Object proxy =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handlerType},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      handler.signalled((int) number.invoke(arguments[0]));
                      yield null;
                    }
                    case "hashCode" -> System.identityHashCode(self);
                    case "equals" -> self == arguments[0];
                    default -> "a handler of SIG" + name;
                  });
      Object made = signal.getConstructor(String.class).newInstance(name);
      signal.getMethod("handle", signal, handlerType).invoke(null, made, proxy);
    } catch (ReflectiveOperationException e) {
      // The system has no such signal (Windows: HUP), or the JVM keeps it for itself (-Xrs).
      log.debug("no SIG{} here", name, e);
    }
  }
}
