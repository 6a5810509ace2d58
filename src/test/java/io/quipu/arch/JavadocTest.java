package io.quipu.arch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users of the client jar read: every public word of model and client is explained. */
class JavadocTest {
  /** Has no name to explain: it checks what the record's comment says. */
  private static final Pattern COMPACT_CONSTRUCTOR = Pattern.compile("\\s*public \\w+ \\{.*");

  @Test
  void everyPublicPartOfTheClientHasAComment(@TempDir Path folder) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> holes = new ArrayList<>();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(found, Locale.ROOT, null)) {
      compiler
          .getTask(
              new StringWriter(),
              files,
              found,
              List.of(
                  "-Xdoclint:missing/public",
                  "-proc:none",
                  "-Xmaxwarns",
                  "10000",
                  "-d",
                  folder.toString(),
                  "-cp",
                  System.getProperty(
                      "surefire.test.class.path", System.getProperty("java.class.path"))),
              null,
              files.getJavaFileObjectsFromPaths(sources("model", "client")))
          .call();
      for (Diagnostic<? extends JavaFileObject> one : found.getDiagnostics()) {
        if (one.getMessage(Locale.ROOT).contains("no comment") && !isCompactConstructor(one)) {
          holes.add(one.getSource().getName() + ":" + one.getLineNumber());
        }
      }
    }
    assertThat(found.getDiagnostics())
        .as("errors of the compiler, which would hide holes")
        .noneMatch(one -> one.getKind() == Diagnostic.Kind.ERROR);
    assertThat(holes).isEmpty();
  }

  private static List<Path> sources(String... packages) throws IOException {
    List<Path> sources = new ArrayList<>();
    for (String name : packages) {
      try (Stream<Path> all = Files.list(Path.of("src/main/java/io/quipu", name))) {
        all.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    return sources;
  }

  private static boolean isCompactConstructor(Diagnostic<? extends JavaFileObject> one)
      throws IOException {
    String[] lines = one.getSource().getCharContent(true).toString().split("\n", -1);
    return COMPACT_CONSTRUCTOR.matcher(lines[(int) one.getLineNumber() - 1]).matches();
  }
}
