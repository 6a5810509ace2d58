package io.quipu.tools.chat;

import io.quipu.client.To;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jline.terminal.Size;
import org.jline.terminal.impl.LineDisciplineTerminal;

/**
 * A chat on a terminal without a screen: keys go in, and what a terminal would be told comes out.
 */
final class Pane implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern ORDERS =
      Pattern.compile("\u001b(\\[[0-9;?<>]*[a-zA-Z@`]|[()][A-Z0-9]|[=>78])");
  private static final Pattern MESSAGE =
      Pattern.compile("#(\\d+) \\d\\d:\\d\\d (\\S+): (.*?)( ✓.*)?");

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final LineDisciplineTerminal terminal;
  private final Vertx vertx = Vertx.vertx();
  private final DeviceFolder folder;
  private final ChatSession session;
  private final CompletableFuture<Integer> exit;

  Pane(Path home, String user, String other, String server, Supplier<String> token) {
    try {
      terminal = new LineDisciplineTerminal("pane", "xterm-256color", out, StandardCharsets.UTF_8);
      terminal.setSize(Size.of(80, 24));
      UserId self = new UserId(user);
      DeviceId device = new DeviceId("terminal");
      folder = DeviceFolder.open(home, "node", self, device);
      ChatScreen screen =
          new ChatScreen(
              new ChatScreen.Settings(
                  self,
                  device.value(),
                  server,
                  folder.path().toString(),
                  ZoneOffset.UTC,
                  Glyphs.UNICODE,
                  true,
                  0),
              new To.User(new UserId(other)));
      TerminalFace face = new TerminalFace(terminal, true);
      session = new ChatSession(vertx, server, token, device, folder, screen, face, true);
      session.start();
      exit = CompletableFuture.supplyAsync(() -> Reading.until(session, face::readLines));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void keys(String keys) {
    try {
      terminal.processInputBytes(keys.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void enter(String line) {
    keys(line + "\r");
  }

  /** Everything that was written, without the orders to the terminal. */
  String text() {
    return ORDERS.matcher(out.toString(StandardCharsets.UTF_8)).replaceAll("");
  }

  /** Every message that was written above the input line, as often as it was. */
  List<String> messages() {
    List<String> messages = new ArrayList<>();
    for (String row : text().split("[\r\n]+", -1)) {
      Matcher matcher = MESSAGE.matcher(row.strip());
      if (matcher.matches()) {
        messages.add(matcher.group(1) + " " + matcher.group(2) + " " + matcher.group(3));
      }
    }
    return messages;
  }

  void awaitText(String part) {
    Awaitility.await(part).atMost(PATIENCE).until(() -> text().contains(part));
  }

  void awaitMessages(int count) {
    Awaitility.await(count + " messages").atMost(PATIENCE).until(() -> messages().size() >= count);
  }

  int exitCode() throws Exception {
    return exit.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    try {
      session.close();
      terminal.close();
      folder.close();
      vertx.close().toCompletionStage().toCompletableFuture().join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
