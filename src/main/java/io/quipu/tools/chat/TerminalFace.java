package io.quipu.tools.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.reader.Widget;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.LineReaderImpl;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.InfoCmp.Capability;

/**
 * A terminal whose last rows are what is on its way and the input line; all else scrolls above. It
 * draws those rows anew whenever a line comes or something changes, and never what is being typed
 * away.
 */
final class TerminalFace implements Face {
  private static final String PAGE_UP = "chat-page-up";

  private final Terminal terminal;
  private final Painter painter;
  private final LineReaderImpl reader;

  private volatile String left = "";
  private volatile String right = "";
  private volatile Optional<String> givenBack = Optional.empty();

  TerminalFace(Terminal terminal, boolean colours) {
    this.terminal = terminal;
    this.painter = new Painter(colours);
    this.reader =
        (LineReaderImpl)
            LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("quipu")
                // Nothing that is typed has a meaning of its own: no quotes, no history by "!".
                .parser(new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]))
                .completer((line, parsed, candidates) -> complete(parsed.line(), candidates))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                // The line comes back from the server, at its place in the conversation.
                .option(LineReader.Option.ERASE_LINE_ON_FINISH, true)
                .option(LineReader.Option.HISTORY_IGNORE_SPACE, false)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, "  ")
                .variable(LineReader.BELL_STYLE, "none")
                .build();
  }

  private static void complete(String line, List<Candidate> candidates) {
    if (line.startsWith("/") && !line.contains(" ")) {
      Command.HELP.stream()
          .map(entry -> entry.get(0).split(" ", -1)[0])
          .filter(name -> name.matches("/\\w+"))
          .forEach(name -> candidates.add(new Candidate(name)));
    }
  }

  /** Reads lines until the session ends or the input does. Blocks. */
  void readLines(ChatSession session) {
    reader
        .getWidgets()
        .put(
            PAGE_UP,
            () -> {
              session.submit(new ChatEvent.PageUp());
              return true;
            });
    KeyMap<Binding> keys = reader.getKeyMaps().get(LineReader.MAIN);
    keys.bind(new Reference(PAGE_UP), "\033[5~");
    String key = KeyMap.key(terminal, Capability.key_ppage);
    if (key != null) {
      keys.bind(new Reference(PAGE_UP), key);
    }
    // Erasing the line that was entered leaves what stands at its right.
    Widget accept = reader.getBuiltinWidgets().get(LineReader.ACCEPT_LINE);
    reader
        .getWidgets()
        .put(
            LineReader.ACCEPT_LINE,
            () -> {
              reader.setRightPrompt("");
              reader.redisplay();
              return accept.apply();
            });
    Widget insert = reader.getBuiltinWidgets().get(LineReader.SELF_INSERT);
    reader
        .getWidgets()
        .put(
            LineReader.SELF_INSERT,
            () -> {
              boolean done = insert.apply();
              if (reader.getBuffer().atChar(0) != '/') {
                session.writing();
              }
              return done;
            });
    terminal.enterRawMode(); // between two lines too: what is typed then is not echoed twice
    terminal.handle(Terminal.Signal.INT, Terminal.SignalHandler.SIG_IGN);
    while (!session.ended().isDone()) {
      String back = givenBack.orElse("");
      givenBack = Optional.empty();
      try {
        session.typed(reader.readLine(left, right, (Character) null, back));
      } catch (UserInterruptException e) {
        clearRow();
        if (!session.ended().isDone() && e.getPartialLine().isBlank()) {
          session.submit(new ChatEvent.Interrupted());
        }
      } catch (EndOfFileException e) {
        clearRow();
        session.submit(new ChatEvent.InputEnded());
        session.ended().join();
      }
    }
  }

  /** What stood at the right of the line that was broken off. */
  private void clearRow() {
    terminal.puts(Capability.carriage_return);
    terminal.puts(Capability.clr_eol);
    terminal.flush();
  }

  @Override
  public void print(Line line) {
    AttributedStringBuilder rows = new AttributedStringBuilder();
    for (AttributedString row : painter.rows(line, terminal.getSize().getColumns())) {
      if (rows.length() > 0) {
        rows.append("\n");
      }
      rows.append(row);
    }
    reader.printAbove(rows.toAttributedString());
  }

  @Override
  public void tell(Line line) {
    print(line);
  }

  @Override
  public void show(Prompt prompt) {
    AttributedStringBuilder all = new AttributedStringBuilder();
    int room = Math.max(20, terminal.getSize().getColumns() - 1);
    List<Line> lines = new ArrayList<>(prompt.elsewhere());
    lines.addAll(prompt.above());
    for (Line line : lines) {
      all.append(painter.paint(line).columnSubSequence(0, room)).append("\n");
    }
    all.append(painter.paint(prompt.left()));
    left = pattern(all.toAttributedString());
    right = pattern(painter.paint(prompt.right()));
    try {
      reader.setPrompt(left);
      reader.setRightPrompt(right);
      reader.callWidget(LineReader.REDISPLAY);
    } catch (IllegalStateException e) {
      return; // nobody is at the input line; the next one begins with it
    }
  }

  /** JLine's prompts are patterns, in which a percent sign stands for itself when doubled. */
  private String pattern(AttributedString text) {
    return text.toAnsi(terminal).replace("%", "%%");
  }

  @Override
  public void giveBack(String line) {
    givenBack = Optional.of(line);
  }
}
