package io.quipu.tools.bench;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads one conversation back with a device that has never been there, from its beginning, and
 * judges it as a receiver would.
 */
final class StoredCheck implements LoadConnection.Talker {
  private final Log log;
  private final Promise<Log> read = Promise.promise();
  private Optional<LoadConnection> connection = Optional.empty();

  private StoredCheck(ConversationId conversation) {
    this.log = new Log(conversation, (number, sentAt) -> {});
  }

  static Future<Log> read(
      NetClient client,
      SocketAddress node,
      Function<UserId, String> tokens,
      UserId user,
      ConversationId conversation) {
    StoredCheck check = new StoredCheck(conversation);
    return LoadConnection.open(client, node, tokens.apply(user), new DeviceId("bench-check"), check)
        .compose(
            opened -> {
              check.connection = Optional.of(opened);
              check.log.sync(opened::queue);
              opened.flush();
              return check.read.future().eventually(opened::close);
            });
  }

  @Override
  public void frame(Frame frame) {
    connection.ifPresent(open -> log.frame(frame, open::queue));
    if (frame instanceof Frame.SyncDone) {
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
