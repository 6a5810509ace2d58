package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.QuipuClient;
import io.quipu.tools.node.NodeProcess;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What README shows works as it stands there. */
@ExtendWith(VertxExtension.class)
@Timeout(120)
final class ReadmeTest {
  private static final String HEAD =
      """
      import io.quipu.client.QuipuClient;
      import io.quipu.model.UserId;
      import io.vertx.core.Future;
      import io.vertx.core.Vertx;
      public final class Snippet {
        public static Vertx run(String token) {
      """;

  @TempDir private Path folder;

  @Test
  void theClientInFifteenLinesSends(Vertx vertx) throws Exception {
    String snippet = block("```java\n");
    assertThat(snippet.lines().count()).isLessThanOrEqualTo(15);
    try (NodeProcess node =
        NodeProcess.start(folder, Map.of("QUIPU_TCP_PORT", "0", "QUIPU_HTTP_PORT", "0"))) {
      List<String> bobs = new CopyOnWriteArrayList<>();
      QuipuClient bob =
          QuipuClient.builder(vertx)
              .server("tcp://127.0.0.1:" + node.tcpPort())
              .token(token("bob"))
              .device("phone")
              .onMessage(
                  message -> {
                    bobs.add(message.text());
                    return Future.succeededFuture();
                  })
              .build();
      bob.start().toCompletionStage().toCompletableFuture().get();

      Vertx theirs = run(snippet.replace("7310", String.valueOf(node.tcpPort())), token("alice"));

      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(bobs).containsExactly("Hello Bob"));
      theirs.close().toCompletionStage().toCompletableFuture().get();
      bob.close().toCompletionStage().toCompletableFuture().get();
    }
  }

  @Test
  void theLinesForABrowsersConsoleAreThoseOfTheBanner() throws IOException {
    String banner =
        Files.readString(Path.of("src/main/java/io/quipu/server/command/Banner.java"))
            .replace("ADDRESS", "127.0.0.1:7380");

    assertThat(block("```js\n").lines())
        .hasSize(5)
        .allSatisfy(line -> assertThat(banner).contains('"' + line + '"'));
  }

  @Test
  void theTestCommandIsTheOneOfTheBuild() throws IOException {
    assertThat(Files.readString(Path.of(".ci", "run"))).contains("exec mvn -B verify");
    assertThat(Files.readString(Path.of("README.md"))).contains("\nmvn -B verify\n");
  }

  private Vertx run(String snippet, String token) throws Exception {
    Path source = folder.resolve("Snippet.java");
    Files.writeString(source, HEAD + snippet + "return vertx;}}");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    int errors =
        compiler.run(
            null,
            null,
            null,
            "-proc:none",
            "-cp",
            System.getProperty("java.class.path"),
            source.toString());
    assertThat(errors).isZero();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, ReadmeTest.class.getClassLoader())) {
      return (Vertx) loader.loadClass("Snippet").getMethod("run", String.class).invoke(null, token);
    }
  }

  private static String block(String begin) throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    int from = readme.indexOf(begin) + begin.length();
    return readme.substring(from, readme.indexOf("```", from));
  }

  private static String token(String user) throws IOException, InterruptedException {
    Process token =
        new ProcessBuilder(NodeProcess.command("token", "--user", user))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String jwt = new String(token.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(token.waitFor()).isZero();
    return jwt;
  }
}
