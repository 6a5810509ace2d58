package io.quipu.tools.bench;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.quipu.tools.checker.DeviceRecorder;
import io.quipu.tools.checker.HistoryWriter;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads one conversation back with a device that has never been there, from its beginning, and
 * judges it as a receiver would.
 */
final class StoredCheck implements LoadConnection.Talker {
  private static final DeviceId DEVICE = new DeviceId("bench-check");

  private final Log log;
  private final Optional<DeviceRecorder> history;
  private final Promise<Log> read = Promise.promise();
  private Optional<LoadConnection> connection = Optional.empty();

  private StoredCheck(ConversationId conversation, Optional<DeviceRecorder> history) {
    this.log = new Log(conversation, (number, sentAt) -> {}, history);
    this.history = history;
  }

  static Future<Log> read(
      NetClient client,
      SocketAddress node,
      Function<UserId, String> tokens,
      UserId user,
      ConversationId conversation,
      Optional<HistoryWriter> history) {
    Optional<DeviceRecorder> recorder = history.map(writer -> writer.freshDevice(user, DEVICE));
    recorder.ifPresent(sees -> sees.started(Map.of(conversation, 0L), false));
    StoredCheck check = new StoredCheck(conversation, recorder);
    return LoadConnection.open(client, node, tokens.apply(user), DEVICE, check)
        .compose(
            opened -> {
              check.connection = Optional.of(opened);
              check.log.sync(opened::queue);
              opened.flush();
              return check.read.future().eventually(opened::close);
            });
  }

  @Override
  public void connected(Frame.Connected welcome) {
    history.ifPresent(
        recorder ->
            recorder.connected(welcome.user(), welcome.sessionGeneration(), welcome.deviceIsNew()));
  }

  @Override
  public void frame(Frame frame) {
    connection.ifPresent(open -> log.frame(frame, open::queue));
    if (frame instanceof Frame.SyncDone) {
      history.ifPresent(DeviceRecorder::done);
      read.tryComplete(log);
    } else if (frame instanceof Frame.Error error) {
      read.tryFail("the node answered " + error.code() + ": " + error.detail());
    }
  }

  @Override
  public void turnEnded() {
    connection.ifPresent(open -> log.acknowledge(open::queue));
  }

  @Override
  public void closed(String reason) {
    read.tryFail(reason);
  }
}
