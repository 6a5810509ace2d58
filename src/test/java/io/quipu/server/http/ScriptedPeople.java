package io.quipu.server.http;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.server.people.People;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** Knows {@code alice} and her phone, and what was asked of it. */
final class ScriptedPeople implements People {
  private static final UserId ALICE = new UserId("alice");
  private static final DeviceId PHONE = new DeviceId("phone");

  /** The last question or order. */
  volatile String asked = "";

  @Override
  public Future<List<Device>> devices(UserId user) {
    asked = "devices " + user;
    return Future.succeededFuture(
        user.equals(ALICE)
            ? List.of(
                new Device(PHONE, 5, 0, true), new Device(new DeviceId("tablet"), 0, 7, false))
            : List.of());
  }

  @Override
  public Future<List<OpenSession>> sessions(UserId user) {
    asked = "sessions " + user;
    return Future.succeededFuture(
        user.equals(ALICE) ? List.of(new OpenSession(PHONE, 3, "node-1")) : List.of());
  }

  @Override
  public Future<Boolean> revokeDevice(UserId user, DeviceId device) {
    asked = "revoke " + user + " " + device;
    return Future.succeededFuture(user.equals(ALICE) && device.equals(PHONE));
  }

  @Override
  public Future<Boolean> revokeAll(UserId user) {
    asked = "revoke " + user;
    return Future.succeededFuture(user.equals(ALICE));
  }

  @Override
  public Future<Boolean> erase(UserId user) {
    asked = "erase " + user;
    return Future.succeededFuture(user.equals(ALICE));
  }

  @Override
  public Future<Frame.Presence> presence(Optional<UserId> viewer, UserId user) {
    asked = "presence " + viewer.map(UserId::value).orElse("-") + " " + user;
    return Future.succeededFuture(new Frame.Presence(user, true, 9));
  }

  @Override
  public Future<Void> mute(UserId user, ConversationId conversation, long untilMs) {
    asked = "mute " + user + " " + conversation + " " + untilMs;
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> checkToken(UserId user, long issuedAtMs) {
    return Future.succeededFuture();
  }
}
