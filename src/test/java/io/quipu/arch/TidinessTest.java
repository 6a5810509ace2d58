package io.quipu.arch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The house stays tidy: what lies where, how long, under what name. Reads files, not classes. */
final class TidinessTest {
  /** Surefire runs tests in the root of the repository. */
  private static final Path ROOT = Path.of("").toAbsolutePath();

  private static final Path MAIN = ROOT.resolve("src/main/java");
  private static final Path TEST = ROOT.resolve("src/test/java");

  private static final Set<String> TOP_LEVEL =
      Set.of("src", "conf", "deploy", "README.md", "pom.xml", ".gitignore", ".ci", ".mvn");

  private static final int MAX_LINES = 600;

  /** Files of src/main/java that may be longer than {@link #MAX_LINES}, each with its reason. */
  private static final Map<String, String> LONG_WITH_REASON =
      Map.of(
          "src/main/java/io/quipu/client/ClientLoop.java",
          "the one place where the cores of a client, its timer and its transport meet",
          "src/main/java/io/quipu/client/Outbox.java",
          "one state machine with its table: its parts would share all of its state",
          "src/main/java/io/quipu/server/metrics/Metrics.java",
          "every metric's name in one place (STYLE): it grows with them, and with nothing else",
          "src/main/java/io/quipu/server/sequencer/Roster.java",
          "who may do what, and who is in afterwards: one verb's rule is read beside the others'",
          "src/main/java/io/quipu/server/sequencer/Sequencer.java",
          "one state machine with its table; queue, links and roster are already their own");

  // Cut in two, so that this file does not find itself.
  private static final Pattern UNFINISHED =
      Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");
  private static final Pattern SLEEP =
      Pattern.compile("Thread\\s*\\.\\s*sl" + "eep\\s*\\(|TimeUnit\\.\\w+\\.sl" + "eep\\s*\\(");
  private static final Pattern CONSOLE =
      Pattern.compile("\\bSystem\\s*\\.\\s*(out|err)\\b|\\.printStack" + "Trace\\(\\)");
  private static final Pattern MACHINE_PATH =
      Pattern.compile("(?<![\\w.:/~$}-])/(" + "work|root|tmp|home)/");
  private static final Pattern VAGUE_NAME =
      Pattern.compile(
          "\\b(?:class|record|interface|enum)\\s+(\\w*(?:Manager|Helper|Utils?|Impl|Data|Info))\\b");

  private static final List<String> ROOM_SIGNS = List.of("In:", "Out:", "Owns:", "Never:");

  private static final Set<String> TEXT_ENDINGS =
      Set.of(
          "java",
          "proto",
          "sql",
          "lua",
          "js",
          "mjs",
          "ts",
          "css",
          "html",
          "json",
          "xml",
          "yml",
          "yaml",
          "md",
          "txt",
          "sh",
          "properties",
          "conf",
          "service",
          "config",
          "toml",
          "svg",
          "env",
          "tpl");

  @Test
  void theTopLevelHoldsOnlyWhatTheHouseNames() throws IOException {
    Set<String> allowed = new HashSet<>(TOP_LEVEL);
    allowed.add(".git");
    // What git does not see is nobody's business: target, data, an editor's folders.
    for (String line : Files.readAllLines(ROOT.resolve(".gitignore"), UTF_8)) {
      allowed.add(line.strip().replaceAll("^/|/$", ""));
    }
    Set<String> strangers = new TreeSet<>();
    try (Stream<Path> entries = Files.list(ROOT)) {
      entries.map(p -> p.getFileName().toString()).forEach(strangers::add);
    }
    strangers.removeAll(allowed);
    strangers.removeIf(name -> name.endsWith(".iml"));
    assertThat(strangers).as("at the top of the repository").isEmpty();
  }

  @Test
  void noFileIsTooLongWithoutAReason() {
    List<String> found = new ArrayList<>();
    for (Path file : files(MAIN, TidinessTest::isJava)) {
      int lines = lines(file).size();
      if (lines > MAX_LINES && !LONG_WITH_REASON.containsKey(name(file))) {
        found.add(name(file) + " has " + lines + " lines");
      }
    }
    assertThat(found).as("files over " + MAX_LINES + " lines").isEmpty();
  }

  @Test
  void everyReasonForLengthIsStillNeeded() {
    for (String file : LONG_WITH_REASON.keySet()) {
      assertThat(ROOT.resolve(file)).exists();
      assertThat(lines(ROOT.resolve(file))).as(file).hasSizeGreaterThan(MAX_LINES);
    }
  }

  @Test
  void nothingIsLeftUnfinished() {
    assertThat(find(textFiles(), UNFINISHED, false)).as("notes to oneself").isEmpty();
  }

  @Test
  void noNameIsVague() {
    List<Path> java = files(MAIN, TidinessTest::isJava);
    java.addAll(files(TEST, TidinessTest::isJava));
    assertThat(find(java, VAGUE_NAME, true)).as("names that say nothing").isEmpty();
  }

  @Test
  void everyPackageSaysWhatItIs() {
    Set<Path> packages = new TreeSet<>();
    files(MAIN, TidinessTest::isJava).forEach(file -> packages.add(file.getParent()));
    List<String> found = new ArrayList<>();
    for (Path folder : packages) {
      Path sign = folder.resolve("package-info.java");
      if (!Files.exists(sign)) {
        found.add(name(folder) + " has no package-info.java");
        continue;
      }
      for (String word : ROOM_SIGNS) {
        if (lines(sign).stream().noneMatch(line -> line.matches("\\s*\\*\\s+" + word + "\\s+.*"))) {
          found.add(name(sign) + " has no line \"" + word + "\"");
        }
      }
    }
    assertThat(found).isEmpty();
  }

  @Test
  void nobodySleeps() {
    List<Path> java = files(MAIN, TidinessTest::isJava);
    java.addAll(files(TEST, TidinessTest::isJava));
    assertThat(find(java, SLEEP, true)).as("sleeps").isEmpty();
  }

  @Test
  void onlyToolsWriteToTheConsole() {
    Path tools = MAIN.resolve("io/quipu/tools");
    List<Path> java = files(MAIN, file -> isJava(file) && !file.startsWith(tools));
    assertThat(find(java, CONSOLE, true)).as("writes to the console").isEmpty();
  }

  @Test
  void noFileNamesAPlaceOfOneMachine() {
    assertThat(find(textFiles(), MACHINE_PATH, false)).as("absolute paths").isEmpty();
  }

  /**
   * The lines of {@code files} in which {@code pattern} is found; of Java perhaps only the code.
   */
  private static List<String> find(List<Path> files, Pattern pattern, boolean codeOnly) {
    List<String> found = new ArrayList<>();
    for (Path file : files) {
      int number = 0;
      for (String line : lines(file)) {
        number++;
        boolean comment = line.strip().startsWith("*") || line.strip().startsWith("//");
        if (!(codeOnly && comment) && pattern.matcher(line).find()) {
          found.add(name(file) + ":" + number + ": " + line.strip());
        }
      }
    }
    return found;
  }

  private static List<Path> textFiles() {
    List<Path> found = new ArrayList<>();
    for (String entry : TOP_LEVEL) {
      found.addAll(files(ROOT.resolve(entry), TidinessTest::isText));
    }
    return found;
  }

  private static List<Path> files(Path start, Predicate<Path> wanted) {
    if (!Files.exists(start)) {
      return new ArrayList<>();
    }
    try (Stream<Path> tree = Files.walk(start)) {
      return new ArrayList<>(tree.filter(Files::isRegularFile).filter(wanted).sorted().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isJava(Path file) {
    return file.toString().endsWith(".java");
  }

  private static boolean isText(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot < 0 || TEXT_ENDINGS.contains(name.substring(dot + 1)) || name.equals(".gitignore");
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file + " as text", e);
    }
  }

  private static String name(Path file) {
    return ROOT.relativize(file).toString().replace('\\', '/');
  }
}
