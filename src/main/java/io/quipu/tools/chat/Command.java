package io.quipu.tools.chat;

import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.GroupSettings;
import io.quipu.model.QuipuException;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A typed line, understood. A message is whatever does not begin with a slash, or with two. */
sealed interface Command {
  record Nothing() implements Command {}

  record Say(String text) implements Command {}

  record Help() implements Command {}

  record Who() implements Command {}

  record History() implements Command {}

  record Quit() implements Command {}

  record Conversations() implements Command {}

  /** Another conversation takes the screen. */
  record Go(To to) implements Command {}

  record NewGroup(Change.Create create) implements Command {}

  /** A change of this conversation, or of a message in it. */
  record Alter(Change change) implements Command {}

  /**
   * @param number of the send as the input line shows it; absent = all of unknown outcome
   */
  record Retry(Optional<Integer> number) implements Command {}

  /**
   * @param number see {@link Retry}; absent = the oldest of unknown outcome
   */
  record Cancel(Optional<Integer> number) implements Command {}

  /** What cannot be done, and why. */
  record Wrong(String why) implements Command {}

  /** Names of commands with what follows them, and what they do. */
  List<List<String>> HELP =
      List.of(
          List.of("/history", "the page before (also PageUp)"),
          List.of("/who", "who is here, and how far messages have come"),
          List.of("/to USER", "talk with this user"),
          List.of("/group ID", "talk in this group (g~...)"),
          List.of("/new TITLE USER...", "make a group; \"a title of several words\" in quotes"),
          List.of("/add USER...", "into this group; also /remove USER..., /rename TITLE, /leave"),
          List.of("/edit N TEXT", "put other words in the place of message #N"),
          List.of("/recall N", "take message #N back"),
          List.of("/react N SIGN", "put a sign such as :-) to message #N; /unreact N SIGN"),
          List.of("/block", "stop this user from writing here; also /unblock"),
          List.of("/role USER ROLE", "owner, admin or member of this group"),
          List.of("/keep DAYS", "erase messages here when they are so old; also ever, server"),
          List.of("/list", "conversations that this device knows"),
          List.of("/retry [N]", "send again what has no known outcome"),
          List.of("/cancel [N]", "take it back instead, if it is not stored"),
          List.of("/quit", "end (also Ctrl-D, or Ctrl-C twice)"),
          List.of("//text", "a message that begins with a slash"));

  Pattern EDIT = Pattern.compile("/edit\\s+\\S+\\s+(.*)", Pattern.DOTALL);

  Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

  /** Understands a line; never throws. */
  static Command of(String line) {
    if (line.isBlank()) {
      return new Nothing();
    }
    if (!line.startsWith("/")) {
      return new Say(line);
    }
    if (line.startsWith("//")) {
      return new Say(line.substring(1));
    }
    List<String> words = words(line);
    try {
      return understood(words.get(0), words.subList(1, words.size()), line);
    } catch (QuipuException e) {
      return new Wrong(e.getMessage());
    }
  }

  private static Command understood(String name, List<String> rest, String line) {
    return switch (name) {
      case "/help", "/?" -> new Help();
      case "/who" -> new Who();
      case "/history" -> new History();
      case "/quit", "/exit", "/q" -> new Quit();
      case "/list" -> new Conversations();
      case "/to" -> rest.size() == 1 ? new Go(new To.User(new UserId(rest.get(0)))) : usage(name);
      case "/group" ->
          rest.size() == 1
              ? new Go(new To.Conversation(new ConversationId(rest.get(0))))
              : usage(name);
      case "/new" ->
          rest.isEmpty()
              ? usage(name)
              : new NewGroup(new Change.Create(rest.get(0), users(rest.subList(1, rest.size()))));
      case "/add" -> rest.isEmpty() ? usage(name) : new Alter(new Change.Add(users(rest)));
      case "/remove" -> rest.isEmpty() ? usage(name) : new Alter(new Change.Remove(users(rest)));
      case "/rename" ->
          rest.isEmpty() ? usage(name) : new Alter(new Change.Rename(String.join(" ", rest)));
      case "/leave" -> new Alter(new Change.Leave());
      case "/edit" -> edit(rest, line);
      case "/recall" ->
          rest.size() == 1 && isSeq(rest.get(0))
              ? new Alter(new Change.Recall(seq(rest.get(0))))
              : usage(name);
      case "/react", "/unreact" ->
          rest.size() == 2 && isSeq(rest.get(0))
              ? new Alter(new Change.React(seq(rest.get(0)), rest.get(1), name.equals("/unreact")))
              : usage(name);
      case "/block" -> new Alter(new Change.Block());
      case "/unblock" -> new Alter(new Change.Unblock());
      case "/role" -> role(rest);
      case "/keep" -> keep(rest);
      case "/retry" -> numbered(name, rest, Retry::new);
      case "/cancel" -> numbered(name, rest, Cancel::new);
      default ->
          new Wrong(
              "There is no command "
                  + Harmless.line(name, 30)
                  + "; /help names them. //... sends a line that begins with a slash.");
    };
  }

  private static Command numbered(
      String name, List<String> rest, java.util.function.Function<Optional<Integer>, Command> of) {
    if (rest.isEmpty()) {
      return of.apply(Optional.empty());
    }
    return rest.size() == 1 && rest.get(0).matches("\\d{1,6}")
        ? of.apply(Optional.of(Integer.valueOf(rest.get(0))))
        : usage(name);
  }

  /** The words as they stand, with all their blanks. */
  private static Command edit(List<String> rest, String line) {
    Matcher whole = EDIT.matcher(line);
    return !rest.isEmpty() && isSeq(rest.get(0)) && whole.matches()
        ? new Alter(new Change.Edit(seq(rest.get(0)), Content.Text.of(whole.group(1))))
        : usage("/edit");
  }

  private static Command role(List<String> rest) {
    if (rest.size() != 2) {
      return usage("/role");
    }
    for (Role role : Role.values()) {
      if (role.name().equalsIgnoreCase(rest.get(1))) {
        return new Alter(new Change.SetRole(new UserId(rest.get(0)), role));
      }
    }
    return usage("/role");
  }

  private static Command keep(List<String> rest) {
    if (rest.size() != 1 || !rest.get(0).matches("\\d{1,5}|ever|server")) {
      return usage("/keep");
    }
    Retention retention =
        switch (rest.get(0)) {
          case "ever" -> new Retention.ForEver();
          case "server" -> new Retention.AsServer();
          default -> new Retention.Days(Integer.parseInt(rest.get(0)));
        };
    return new Alter(new Change.Configure(GroupSettings.of(retention)));
  }

  /** Also as the screen shows it, with a number sign. */
  private static boolean isSeq(String word) {
    return word.matches("#?[1-9]\\d{0,17}");
  }

  private static long seq(String word) {
    return Long.parseLong(word.replace("#", ""));
  }

  private static Command usage(String name) {
    return HELP.stream()
        .filter(entry -> Arrays.asList(String.join(" ", entry).split("[ ,;]+", -1)).contains(name))
        .findFirst()
        .map(entry -> new Wrong("Usage: " + entry.get(0) + ": " + entry.get(1)))
        .orElseGet(() -> new Wrong("Usage: " + name + " and one or more words"));
  }

  private static List<UserId> users(List<String> names) {
    return names.stream().map(UserId::new).toList();
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(line);
    while (matcher.find()) {
      words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }
    return words;
  }
}
