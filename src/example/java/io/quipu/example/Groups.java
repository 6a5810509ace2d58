package io.quipu.example;

import io.quipu.client.Conversation;
import io.quipu.client.History;
import io.quipu.client.QuipuClient;
import io.quipu.model.Content;
import io.quipu.model.ConversationSummary;
import io.quipu.model.GroupSettings;
import io.quipu.model.Member;
import io.quipu.model.Message;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Makes a group, changes it and what was written there, and reads it back. */
public final class Groups {
  private Groups() {}

  /** Arguments: SERVER TOKEN MEMBER. */
  public static void main(String[] arguments) {
    Vertx vertx = Vertx.vertx();
    tour(vertx, arguments[0], arguments[1], new UserId(arguments[2]), System.out::println)
        .eventually(vertx::close);
  }

  /** The whole tour; the client is closed at its end. */
  public static Future<Void> tour(
      Vertx vertx, String server, String token, UserId member, Consumer<String> screen) {
    QuipuClient client =
        QuipuClient.builder(vertx).server(server).token(token).device("tour").build();
    return client
        .start()
        .compose(connected -> client.createGroup("Trip", List.of(), openToLateComers()))
        .compose(group -> change(group, member).compose(done -> show(client, group, screen)))
        .onFailure(e -> screen.accept(e.toString()))
        .eventually(client::close);
  }

  private static GroupSettings openToLateComers() {
    return new GroupSettings(Optional.of(GroupSettings.History.ALL), Optional.empty());
  }

  private static Future<?> change(Conversation group, UserId member) {
    return group
        .send("Where do we go?")
        .compose(asked -> group.edit(asked.seq(), "Where shall we go?"))
        .compose(edited -> group.send("oops"))
        .compose(slip -> group.recall(slip.seq()))
        .compose(recalled -> group.add(List.of(member)))
        .compose(added -> group.setRole(member, Role.ADMIN))
        .compose(admin -> group.react(2, "👍"));
  }

  private static Future<Void> show(
      QuipuClient client, Conversation group, Consumer<String> screen) {
    return client
        .conversations()
        .next()
        .onSuccess(page -> page.forEach(summary -> screen.accept(line(summary))))
        .compose(listed -> group.members().all(1_000))
        .onSuccess(members -> members.forEach(one -> screen.accept(line(one))))
        .compose(listed -> everything(group.history(), new ArrayList<>()))
        .onSuccess(messages -> messages.forEach(message -> screen.accept(line(message))))
        .mapEmpty();
  }

  /** Oldest first. */
  private static Future<List<Message>> everything(History history, List<Message> found) {
    return history
        .next()
        .compose(
            slice -> {
              found.addAll(0, slice.range().messages());
              return history.hasMore() ? everything(history, found) : Future.succeededFuture(found);
            });
  }

  private static String line(ConversationSummary summary) {
    return summary.title() + ": " + summary.members() + " members, " + summary.unread() + " unread";
  }

  private static String line(Member member) {
    return member.user() + " is " + member.role() + " since " + member.sinceSeq();
  }

  private static String line(Message message) {
    String what =
        message.content() instanceof Content.Text text ? text.text() : message.content().toString();
    String mark = message.amendedBySeq() > 0 ? " (amended by " + message.amendedBySeq() + ")" : "";
    return message.seq() + " " + message.sender() + ": " + what + mark;
  }
}
