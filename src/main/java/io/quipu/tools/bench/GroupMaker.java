package io.quipu.tools.bench;

import com.google.protobuf.ByteString;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/** One who makes groups of others and writes into them, a bounded number of sends at a time. */
final class GroupMaker implements LoadConnection.Talker {
  private static final UserId NAME = new UserId("group-maker");
  private static final int WINDOW = 64;

  private final NetClient client;
  private final SocketAddress node;
  private final Function<UserId, String> tokens;
  private final ArrayDeque<Todo> todo = new ArrayDeque<>();
  private final List<ConversationId> made = new ArrayList<>();
  private final Promise<Void> done = Promise.promise();
  private Optional<LoadConnection> connection = Optional.empty();
  private int clientSeq;
  private int unanswered;

  private record Todo(Optional<ConversationId> conversation, Content content) {}

  GroupMaker(Vertx vertx, SocketAddress node, Function<UserId, String> tokens) {
    this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    this.node = node;
    this.tokens = tokens;
  }

  /**
   * Puts every user into {@code each} groups.
   *
   * @param size members of one group, at most
   */
  Future<Void> make(List<UserId> users, int each, int size) {
    for (int from = 0; from < users.size(); from += size) {
      List<UserId> some = users.subList(from, Math.min(users.size(), from + size));
      for (int i = 0; i < each; i++) {
        todo.add(
            new Todo(Optional.empty(), new Content.Changed(new Change.Create("group " + i, some))));
      }
    }
    return run();
  }

  /** Sends so many messages into each of the groups that were made. */
  Future<Void> write(int each, int bytes) {
    Content body = new Content.Body(ByteString.copyFrom(new byte[bytes]));
    for (int i = 0; i < each; i++) {
      made.forEach(group -> todo.add(new Todo(Optional.of(group), body)));
    }
    GroupMaker again = new GroupMaker(client, node, tokens);
    again.todo.addAll(todo);
    return again.run();
  }

  private GroupMaker(NetClient client, SocketAddress node, Function<UserId, String> tokens) {
    this.client = client;
    this.node = node;
    this.tokens = tokens;
  }

  private Future<Void> run() {
    return LoadConnection.open(client, node, tokens.apply(NAME), new DeviceId("bench"), this)
        .compose(
            opened -> {
              connection = Optional.of(opened);
              more();
              opened.flush();
              return done.future().eventually(opened::close);
            });
  }

  private void more() {
    while (unanswered < WINDOW && !todo.isEmpty()) {
      Todo next = todo.poll();
      unanswered++;
      connection
          .orElseThrow()
          .queue(
              new Frame.Send(
                  ++clientSeq,
                  UUID.randomUUID(),
                  next.conversation(),
                  Optional.empty(),
                  false,
                  next.content()));
    }
    if (unanswered == 0) {
      done.tryComplete();
    }
  }

  @Override
  public void connected(Frame.Connected welcome) {}

  @Override
  public void frame(Frame frame) {
    if (frame instanceof Frame.SendAck ack) {
      unanswered--;
      if (ack.seq() == 1) {
        made.add(ack.conversation());
      }
    } else if (frame instanceof Frame.SendRejected rejected) {
      done.tryFail("a send was rejected: " + rejected.code() + " " + rejected.detail());
    }
  }

  @Override
  public void turnEnded() {
    if (connection.isPresent()) {
      more();
    }
  }

  @Override
  public void closed(String reason) {
    done.tryFail(reason);
  }
}
