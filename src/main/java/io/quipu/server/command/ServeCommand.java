package io.quipu.server.command;

import io.quipu.model.QuipuException;
import io.quipu.server.QuipuServer;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationException;
import io.quipu.server.journal.StoreUnfitException;
import io.quipu.server.log.LogSetting;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code serve}: one node, from its configuration to its last answer. */
@Command(
    name = "serve",
    header = {"Runs a node.", ""},
    description = {
      "Runs a node until SIGTERM or Ctrl-C; then it drains (node.drainMs) and ends with exit code 0.",
      "A second Ctrl-C ends it at once.",
      "",
      "Without --conf: on this machine only, ports 7310, 7380 and 7390, a PostgreSQL of its own in ./data,"
          + " tokens for everybody. Every key can be set by the environment, with and without a"
          + " file: tcp.port is QUIPU_TCP_PORT.",
      ""
    })
public final class ServeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ServeCommand.class);

  /** Beyond node.drainMs: to close sockets, to end the embedded PostgreSQL. */
  private static final long CLOSE_MS = 15_000;

  @Option(names = "--conf", paramLabel = "FILE", description = "the JSON configuration")
  private Optional<Path> conf = Optional.empty();

  @Option(
      names = "--json",
      description =
          "for scripts: instead of the banner, one line of JSON when it is ready and one when it has"
              + " stopped")
  private boolean json;

  @Option(
      names = "--port-file",
      paramLabel = "FILE",
      description = "when it is ready, the line of --json is in this file: the ports, if 0 was set")
  private Optional<Path> portFile = Optional.empty();

  @Option(
      names = "--until-input-ends",
      description =
          "ends, as with SIGTERM, when standard input ends: for a program that starts nodes and must"
              + " not leave one behind, whatever becomes of it")
  private boolean untilInputEnds;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Configuration configuration = ConfigurationSource.read(conf);
    LogSetting.apply(configuration.log());
    PrintWriter out = spec.commandLine().getOut();
    Future<String> asked = asked();
    if (!json) {
      out.println(Banner.starting(configuration));
      out.flush();
    }
    Future<QuipuServer> starting =
        Future.<Void>succeededFuture().compose(now -> QuipuServer.start(configuration));
    CompletableFuture<QuipuServer> started = starting.toCompletionStage().toCompletableFuture();
    try {
      CompletableFuture.anyOf(started, asked.toCompletionStage().toCompletableFuture()).join();
    } catch (CompletionException e) {
      return couldNotStart(e.getCause(), configuration);
    }
    if (started.isDone()) {
      announce(out, started.join(), configuration);
    }
    String signal = Waiting.until(asked);
    if (!json) {
      out.println(signal + ": draining. Once more ends it at once.");
      out.flush();
    }
    return stop(starting, configuration.node().drainMs() + CLOSE_MS);
  }

  private Future<String> asked() {
    Future<String> signal = Signals.firstOf(List.of("TERM", "INT", "HUP"));
    if (!untilInputEnds) {
      return signal;
    }
    Promise<String> either = Promise.promise();
    signal.onSuccess(either::tryComplete);
    Signals.endOfInput().onSuccess(either::tryComplete);
    return either.future();
  }

  private void announce(PrintWriter out, QuipuServer server, Configuration configuration)
      throws IOException {
    JsonObject ready =
        new JsonObject()
            .put("event", "ready")
            .put("pid", ProcessHandle.current().pid())
            .put("tcp_port", server.tcpPort())
            .put("http_port", server.httpPort())
            .put("admin_port", server.adminPort())
            .put("postgres", server.postgresDescription());
    if (portFile.isPresent()) {
      // Whoever waits for the file finds all of it.
      Path file = portFile.get().toAbsolutePath();
      Path unfinished = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(unfinished, ready.encode() + "\n");
      Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
    }
    String program = spec.root().qualifiedName();
    out.println(
        json ? ready.encode() : Banner.ready(configuration, conf, server, program, version()));
    out.flush();
  }

  private String version() {
    return spec.version()[0];
  }

  private int stop(Future<QuipuServer> starting, long withinMs) {
    PrintWriter out = spec.commandLine().getOut();
    try {
      starting
          .compose(QuipuServer::stop)
          .toCompletionStage()
          .toCompletableFuture()
          .get(withinMs, TimeUnit.MILLISECONDS);
      out.println(json ? new JsonObject().put("event", "stopped").encode() : "Stopped.");
      return 0;
    } catch (TimeoutException e) {
      log.error("not stopped within {} ms: what is left is cut", withinMs);
    } catch (ExecutionException e) {
      log.error("the stop failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      out.flush();
    }
    return 1;
  }

  /** The JDK's sockets and Netty's native ones each say it in their own way. */
  private static boolean isPortTaken(Throwable failure) {
    return failure instanceof BindException
        || failure instanceof IOException && String.valueOf(failure.getMessage()).contains("bind(");
  }

  /** Says why; with a stack trace only if it is a bug. */
  private int couldNotStart(Throwable failure, Configuration configuration) {
    PrintWriter err = spec.commandLine().getErr();
    if (failure instanceof ConfigurationException wrong) {
      throw wrong;
    }
    if (isPortTaken(failure)) {
      err.println(
          "Quipu could not start: "
              + failure.getMessage()
              + ". TCP wants "
              + Banner.address(configuration.tcp().host(), configuration.tcp().port())
              + ", HTTP "
              + Banner.address(configuration.http().host(), configuration.http().port())
              + ", admin "
              + Banner.address(configuration.admin().host(), configuration.admin().port())
              + ". Is another node running? Otherwise set tcp.port, http.port, admin.port (0 = any"
              + " free port), or tcp.host, http.host, admin.host.");
    } else if (failure instanceof QuipuException wrong) {
      throw new ConfigurationException(
          conf.map(Path::toString).orElse("the environment"), List.of(wrong.getMessage()));
    } else if (failure instanceof StoreUnfitException) {
      err.println("Quipu could not start: " + failure.getMessage());
    } else if (failure instanceof RuntimeException || failure instanceof Error) {
      log.error("could not start", failure);
    } else {
      err.println("Quipu could not start: " + failure.getMessage());
    }
    err.flush();
    return 1;
  }
}
