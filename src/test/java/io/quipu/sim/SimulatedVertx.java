package io.quipu.sim;

import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.Set;

/**
 * As much of Vert.x as the shells use: timers and turns of one event loop, by the scheduler. What
 * else they might ask for fails the run.
 */
final class SimulatedVertx {
  private final Scheduler scheduler;
  private final Actor actor;
  private final Set<Long> cancelled = new HashSet<>();
  private final Vertx vertx = face(Vertx.class, this::vertx);
  private final Context context = face(Context.class, this::context);
  private long timers;

  private interface Calls {
    Object call(Method method, Object[] arguments);
  }

  SimulatedVertx(Scheduler scheduler, Actor actor) {
    this.scheduler = scheduler;
    this.actor = actor;
  }

  Vertx vertx() {
    return vertx;
  }

  Context context() {
    return context;
  }

  @SuppressWarnings("unchecked")
  private Object vertx(Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "setTimer" -> timer((Long) arguments[0], (Handler<Long>) arguments[1], false);
      case "setPeriodic" -> timer((Long) arguments[0], (Handler<Long>) arguments[1], true);
      case "cancelTimer" -> cancelled.add((Long) arguments[0]);
      default -> throw new UnsupportedOperationException(method.toString());
    };
  }

  @SuppressWarnings("unchecked")
  private Object context(Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "owner" -> vertx;
      case "runOnContext" -> turn((Handler<Void>) arguments[0]);
      default -> throw new UnsupportedOperationException(method.toString());
    };
  }

  private Object turn(Handler<Void> handler) {
    scheduler.after(0, actor, Scheduler.TICK, "turn", () -> handler.handle(null));
    return "nothing";
  }

  private long timer(long delayMs, Handler<Long> handler, boolean again) {
    long id = ++timers;
    arm(id, delayMs, handler, again);
    return id;
  }

  private void arm(long id, long delayMs, Handler<Long> handler, boolean again) {
    scheduler.after(
        delayMs,
        actor,
        Scheduler.TICK,
        "timer",
        () -> {
          if (cancelled.remove(id)) {
            return;
          }
          if (again) {
            arm(id, delayMs, handler, true);
          }
          handler.handle(id);
        });
  }

  private static <T> T face(Class<T> type, Calls calls) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              if (method.getDeclaringClass().equals(Object.class)) {
                return ofObject(proxy, method, arguments);
              }
              Object answer = calls.call(method, arguments);
              return method.getReturnType().equals(void.class) ? null : answer;
            }));
  }

  private static Object ofObject(Object proxy, Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "equals" -> proxy == arguments[0];
      case "hashCode" -> 1;
      default -> "simulated";
    };
  }
}
