package io.quipu.server.http;

import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.people.People;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Users: who is here, with which devices, and how they are made to go. Everybody asks about
 * himself; a service that acts for nobody asks about anybody.
 */
final class UserRoutes {
  private static final String ONE = "/v1/users/:user";
  private static final String DEVICES = ONE + "/devices";
  private static final String SESSIONS = ONE + "/sessions";

  /** In place of a user: the caller, whatever his name is. */
  private static final String ME = "me";

  private final People people;

  UserRoutes(People people) {
    this.people = people;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.reads(ONE + "/presence", this::presence),
        Endpoint.reads(DEVICES, this::devices),
        Endpoint.sets(HttpMethod.DELETE, DEVICES + "/:device", this::revokeDevice),
        Endpoint.reads(SESSIONS, this::sessions),
        Endpoint.sets(HttpMethod.DELETE, SESSIONS, call -> end(call, people::revokeAll)),
        Endpoint.sets(HttpMethod.DELETE, ONE, call -> end(call, people::erase)));
  }

  private Future<Answer> presence(Call call) {
    Optional<UserId> viewer = call.isSystem() ? Optional.empty() : Optional.of(call.user());
    return people.presence(viewer, named(call)).map(presence -> Answer.of(200, presence));
  }

  private Future<Answer> devices(Call call) {
    return people
        .devices(subject(call))
        .map(all -> list("devices", all.stream().map(UserRoutes::json).toList()));
  }

  private static JsonObject json(People.Device device) {
    JsonObject json = new JsonObject().put("device", device.device().value());
    if (device.createdMs() > 0) {
      json.put("createdMs", Long.toString(device.createdMs()));
    }
    if (device.lastSeenMs() > 0) {
      json.put("lastSeenMs", Long.toString(device.lastSeenMs()));
    }
    if (device.connected()) {
      json.put("connected", true);
    }
    return json;
  }

  private Future<Answer> sessions(Call call) {
    return people
        .sessions(subject(call))
        .map(all -> list("sessions", all.stream().map(UserRoutes::json).toList()));
  }

  private static JsonObject json(People.OpenSession session) {
    return new JsonObject()
        .put("device", session.device().value())
        .put("sessionGeneration", Long.toString(session.generation()))
        .put("node", session.node());
  }

  private static Answer list(String name, List<JsonObject> items) {
    JsonObject body = new JsonObject();
    return Answer.of(200, items.isEmpty() ? body : body.put(name, new JsonArray(items)));
  }

  private Future<Answer> revokeDevice(Call call) {
    UserId user = subject(call);
    DeviceId device = new DeviceId(call.text("device"));
    return people
        .revokeDevice(user, device)
        .map(there -> there ? Answer.DONE : Answer.notThere("no such device"));
  }

  private Future<Answer> end(Call call, Function<UserId, Future<Boolean>> how) {
    UserId user = subject(call);
    if (user.equals(UserId.SYSTEM)) {
      throw new QuipuException(ErrorCode.NOT_ALLOWED, "the system does not end");
    }
    return how.apply(user).map(there -> there ? Answer.DONE : Answer.notThere("no such user"));
  }

  /** Whom the caller may ask about as if he were himself. */
  private static UserId subject(Call call) {
    UserId user = named(call);
    if (!user.equals(call.user()) && !call.isSystem()) {
      throw new QuipuException(
          ErrorCode.NOT_ALLOWED, "that is for the user himself, or for a service");
    }
    return user;
  }

  private static UserId named(Call call) {
    return call.text("user").equals(ME) ? call.user() : call.userParameter();
  }
}
