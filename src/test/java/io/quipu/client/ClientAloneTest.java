package io.quipu.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.client.ScriptedServer.Dress;
import io.quipu.client.ScriptedServer.Peer;
import io.vertx.core.Vertx;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The client with what its jar holds and nothing else: no class of the server, and of the libraries
 * only those that a client needs.
 */
class ClientAloneTest {
  private static final List<String> PACKAGES = List.of("model", "protocol", "client");
  private static final String LIBRARIES =
      "(vertx-core|netty-|protobuf-java|slf4j-api|jackson-core).*\\.jar";

  @TempDir Path directory;

  @Test
  void sendsAMessageWithoutAnyClassOfTheServer() throws Exception {
    Vertx vertx = Vertx.vertx();
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    try (URLClassLoader alone = loader()) {
      assertThatThrownBy(() -> alone.loadClass("io.quipu.server.QuipuServer"))
          .isInstanceOf(ClassNotFoundException.class);
      assertThatThrownBy(() -> alone.loadClass("com.hazelcast.core.Hazelcast"))
          .isInstanceOf(ClassNotFoundException.class);
      Class<?> probe = alone.loadClass(SendOnce.class.getName());
      assertThat(probe).isNotSameAs(SendOnce.class);
      Callable<?> send = (Callable<?>) probe.getConstructor(String.class).newInstance(server.uri());
      CompletableFuture<Object> seq = CompletableFuture.supplyAsync(() -> call(send));
      Peer peer = server.accept();
      peer.greet();
      peer.ack(peer.expectSend(), 1);
      assertThat(seq.get(10, TimeUnit.SECONDS)).isEqualTo(1L);
    }
    ScriptedServer.await(vertx.close());
  }

  private static Object call(Callable<?> callable) {
    // Services are looked up with it: those of the server must not be found.
    Thread.currentThread().setContextClassLoader(callable.getClass().getClassLoader());
    try {
      return callable.call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private URLClassLoader loader() throws Exception {
    List<URL> urls = new ArrayList<>();
    for (Class<?> one : List.of(QuipuClient.class, SendOnce.class)) {
      urls.add(clientPackagesOf(location(one)).toUri().toURL());
    }
    for (String entry : classPath()) {
      if (Path.of(entry).getFileName().toString().matches(LIBRARIES)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  /** Surefire starts with a jar that only names the others, and says here which they are. */
  private static List<String> classPath() {
    String own = System.getProperty("java.class.path");
    return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
        .splitAsStream(System.getProperty("surefire.test.class.path", own))
        .toList();
  }

  private static Path location(Class<?> one) throws Exception {
    URI uri = one.getProtectionDomain().getCodeSource().getLocation().toURI();
    return Path.of(uri);
  }

  private Path clientPackagesOf(Path classes) throws IOException {
    Path copy = Files.createTempDirectory(directory, "alone");
    for (String name : PACKAGES) {
      Path from = classes.resolve("io/quipu").resolve(name);
      if (Files.isDirectory(from)) {
        try (Stream<Path> files = Files.walk(from)) {
          files
              .filter(Files::isRegularFile)
              .forEach(file -> copy(file, copy.resolve(classes.relativize(file).toString())));
        }
      }
    }
    return copy;
  }

  private static void copy(Path from, Path to) {
    try {
      Files.createDirectories(to.getParent());
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs in the other class loader: connects, sends, gives the seq. */
  public static final class SendOnce implements Callable<Long> {
    private final String server;

    public SendOnce(String server) {
      this.server = server;
    }

    @Override
    public Long call() throws Exception {
      Vertx vertx = Vertx.vertx();
      QuipuClient client =
          QuipuClient.builder(vertx).server(server).token("token").device("alone").build();
      client.start().await(10, TimeUnit.SECONDS);
      long seq =
          client.send(new io.quipu.model.UserId("bob"), "hello").await(10, TimeUnit.SECONDS).seq();
      client.close().await(10, TimeUnit.SECONDS);
      vertx.close().await(10, TimeUnit.SECONDS);
      return seq;
    }
  }
}
