package io.quipu.tools.chat;

import io.quipu.client.To;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.tools.node.Tokens;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.terminal.impl.exec.ExecTerminalProvider;
import org.jline.terminal.spi.SystemStream;
import org.jline.utils.InfoCmp.Capability;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code chat}: a conversation in a terminal, or for a script. */
@Command(
    name = "chat",
    header = {"Talks in a conversation: in a terminal, or line by line for a script.", ""},
    description = {
      "In a terminal: type and press Enter; /help names the commands. What you enter is on the"
          + " disk",
      "before it is sent, and goes out again after a crash, under the same id, so never twice.",
      "Beside the input line stands how far your last message has come: stored, delivered, read.",
      "",
      "With a pipe as input: each line that is not blank is a message, whatever it begins with.",
      "Messages go to standard output, each once for this device; everything else to standard"
          + " error.",
      "At the end of the input it waits until all is stored: 0 if it is, 1 if something is not.",
      "",
      "Without --token it makes a token as the command token does without a configuration file:"
          + " for",
      "a node on this machine with development tokens, or with the secret QUIPU_AUTH_HS256_SECRET.",
      ""
    })
public final class ChatCommand implements Callable<Integer> {
  private static final String TERMINAL_DEVICE = "terminal";
  private static final int MAX_UNANSWERED_LINES = 500;
  private static final int MAX_LINE_CHARS = 1024 * 1024;

  private final Tokens tokens;

  @Option(names = "--user", required = true, paramLabel = "USER", description = "who you are")
  private String user;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Where where;

  /** One of the two. */
  private static final class Where {
    @Option(names = "--to", paramLabel = "USER", description = "whom you talk with")
    private Optional<String> to = Optional.empty();

    @Option(names = "--group", paramLabel = "ID", description = "the group, g~...")
    private Optional<String> group = Optional.empty();
  }

  @Option(
      names = "--server",
      paramLabel = "URL",
      defaultValue = "tcp://127.0.0.1:7310",
      description =
          "tcp://HOST:PORT, ws://HOST:PORT/v1/connect or ws+json://...; default ${DEFAULT-VALUE}")
  private String server;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description =
          "your token; @FILE takes it from a file, out of sight of others on this machine")
  private Optional<String> token = Optional.empty();

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "of this client among yours, one program at a time; default: terminal, or, for a pipe, a"
              + " name of the conversation's own")
  private Optional<String> device = Optional.empty();

  @Option(
      names = "--home",
      paramLabel = "DIRECTORY",
      description =
          "where outbox and cursors are kept; default: .quipu/chat in your home directory")
  private Optional<Path> home = Optional.empty();

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "with a pipe: how long after its end for what is not stored; default"
              + " ${DEFAULT-VALUE}")
  private int waitSeconds;

  @Option(
      names = "--plain",
      description = "lines only, nothing is drawn anew (for screen readers and simple terminals)")
  private boolean plain;

  @Spec private CommandSpec spec;

  public ChatCommand(Tokens tokens) {
    this.tokens = tokens;
  }

  /** What the options say, checked. */
  private record Plan(UserId self, To to, URI server, Supplier<String> tokens) {}

  @Override
  public Integer call() throws Exception {
    Plan plan = plan();
    ExecTerminalProvider streams = new ExecTerminalProvider();
    boolean sitsThere = streams.isSystemStream(SystemStream.Input);
    String type = System.getenv().getOrDefault("TERM", "dumb");
    boolean draws =
        sitsThere
            && streams.isSystemStream(SystemStream.Output)
            && !plain
            && !type.equals("dumb")
            && !type.isEmpty();
    DeviceId name = device(plan, sitsThere);
    try (DeviceFolder folder = DeviceFolder.open(home(), serverName(plan), plan.self, name)) {
      return draws ? inTerminal(plan, name, folder) : inLines(plan, name, folder, sitsThere);
    } catch (IOException e) {
      spec.commandLine().getErr().println("chat: " + e.getMessage());
      spec.commandLine().getErr().flush();
      return 1;
    }
  }

  private int inTerminal(Plan plan, DeviceId name, DeviceFolder folder) throws IOException {
    PrintStream errors = System.err;
    try (PrintStream log = new PrintStream(folder.log().toFile(), StandardCharsets.UTF_8);
        Terminal terminal =
            TerminalBuilder.builder()
                .system(true)
                .provider(TerminalBuilder.PROP_PROVIDER_EXEC)
                .encoding(encoding())
                .build()) {
      System.setErr(log); // a line of the log would stand in the middle of the input
      Integer count = terminal.getNumericCapability(Capability.max_colors);
      boolean colours =
          count != null && count >= 8 && System.getenv().getOrDefault("NO_COLOR", "").isEmpty();
      TerminalFace face = new TerminalFace(terminal, colours);
      return run(plan, name, folder, face, true, face::readLines);
    } finally {
      System.setErr(errors);
    }
  }

  private int inLines(Plan plan, DeviceId name, DeviceFolder folder, boolean sitsThere) {
    PrintWriter out = writer(FileDescriptor.out);
    PrintWriter err = writer(FileDescriptor.err);
    LineSource lines =
        new LineSource(
            new InputStreamReader(
                new java.io.BufferedInputStream(new FileInputStream(FileDescriptor.in)),
                encoding()),
            MAX_LINE_CHARS);
    return run(
        plan, name, folder, new PlainFace(out, err), sitsThere, session -> feed(lines, session));
  }

  private static void feed(LineSource lines, ChatSession session) {
    try {
      for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
        session.awaitRoom(MAX_UNANSWERED_LINES);
        session.typed(line.get());
      }
      session.submit(new ChatEvent.InputEnded());
    } catch (IOException e) {
      session.submit(new ChatEvent.Stopped("the input cannot be read: " + e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the session has ended
    }
  }

  private int run(
      Plan plan,
      DeviceId name,
      DeviceFolder folder,
      Face face,
      boolean sitsThere,
      java.util.function.Consumer<ChatSession> input) {
    ChatScreen screen =
        new ChatScreen(
            new ChatScreen.Settings(
                plan.self,
                name.value(),
                plan.server.toString(),
                folder.path().toString(),
                ZoneId.systemDefault(),
                Glyphs.of(System.getenv()),
                sitsThere,
                waitSeconds * 1_000L),
            plan.to);
    Vertx vertx = Vertx.vertx();
    try (ChatSession session =
        new ChatSession(
            vertx, plan.server.toString(), plan.tokens, name, folder, screen, face, sitsThere)) {
      session.start();
      return Reading.until(session, input);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  // ---- what the options say

  private Plan plan() {
    try {
      UserId self = new UserId(user);
      To to =
          where.to.isPresent()
              ? new To.User(new UserId(where.to.get()))
              : new To.Conversation(group(where.group.orElseThrow()));
      URI uri = serverUri();
      if (waitSeconds < 0) {
        throw wrong("--wait: found " + waitSeconds + ", allowed: 0 or more");
      }
      return new Plan(self, to, uri, tokens(self, uri));
    } catch (QuipuException e) {
      throw wrong(e.getMessage());
    }
  }

  private ConversationId group(String id) {
    ConversationId group = new ConversationId(id);
    if (group.isDirect()) {
      throw wrong("--group: found a direct conversation, allowed: g~...; for those there is --to");
    }
    return group;
  }

  private URI serverUri() {
    Optional<URI> uri = Optional.empty();
    try {
      uri = Optional.of(URI.create(server));
    } catch (IllegalArgumentException e) {
      throw notAServer();
    }
    String scheme = String.valueOf(uri.get().getScheme());
    if (!scheme.matches("tcp|ws|ws\\+json")
        || uri.get().getHost() == null
        || uri.get().getPort() < 1) {
      throw notAServer();
    }
    return uri.get();
  }

  private ParameterException notAServer() {
    return wrong(
        "--server: found "
            + Harmless.line(server, 100)
            + ", allowed: tcp://HOST:PORT, ws://HOST:PORT/v1/connect, ws+json://...");
  }

  private Supplier<String> tokens(UserId self, URI uri) {
    if (token.isPresent()) {
      String given = token.get().strip();
      Optional<String> subject = subject(given);
      if (subject.isPresent() && !subject.get().equals(self.value())) {
        throw wrong("--token is " + Harmless.line(subject.get(), 64) + "'s, and --user is " + self);
      }
      return () -> given;
    }
    boolean loopback =
        uri.getHost().equals("localhost")
            || uri.getHost().startsWith("127.")
            || uri.getHost().equals("[::1]");
    if (!loopback && System.getenv("QUIPU_AUTH_HS256_SECRET") == null) {
      throw wrong(
          "--token is needed: a node that is not on this machine takes no development token");
    }
    tokens.forTarget(self); // what is wrong with the secret is said now
    return () -> tokens.forTarget(self);
  }

  /** Whose token it says it is; the server judges whether that is true. */
  private static Optional<String> subject(String token) {
    String[] parts = token.split("\\.", -1);
    try {
      return parts.length != 3
          ? Optional.empty()
          : Optional.ofNullable(
              new JsonObject(
                      new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8))
                  .getString("sub"));
    } catch (RuntimeException e) {
      return Optional.empty(); // of another form
    }
  }

  /** A pipe is a device of its own for each conversation: it takes nothing from the others. */
  private DeviceId device(Plan plan, boolean sitsThere) {
    try {
      return new DeviceId(
          device.orElseGet(() -> sitsThere ? TERMINAL_DEVICE : "pipe-" + digest(plan)));
    } catch (QuipuException e) {
      throw wrong(e.getMessage());
    }
  }

  private static String digest(Plan plan) {
    CRC32 crc = new CRC32();
    crc.update(
        plan.to.conversation(plan.self, new UUID(0, 0)).value().getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", crc.getValue());
  }

  private Path home() {
    return home.orElseGet(() -> Path.of(System.getProperty("user.home"), ".quipu", "chat"));
  }

  private static String serverName(Plan plan) {
    return plan.server.getHost() + "_" + plan.server.getPort();
  }

  /** The locale's, but UTF-8 where there is no locale: messages are. */
  private static Charset encoding() {
    String name = System.getProperty("native.encoding", "UTF-8");
    return name.startsWith("ANSI_X3") || name.equals("US-ASCII")
        ? StandardCharsets.UTF_8
        : Charset.forName(name);
  }

  private static PrintWriter writer(FileDescriptor stream) {
    return new PrintWriter(new OutputStreamWriter(new FileOutputStream(stream), encoding()));
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
