package io.quipu.server.command;

import io.quipu.server.LocalStores;
import io.quipu.server.journal.StoreUnfitException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code stores}: what {@code cluster} starts before its nodes, as a process of its own. */
@Command(
    name = "stores",
    hidden = true, // for cluster, bench and demo
    header = {"Runs a PostgreSQL and a Redis for nodes on this machine.", ""},
    description = {
      "One line of JSON says where they are. Ends both when standard input ends, or at SIGTERM; not at",
      "Ctrl-C, which a terminal sends to everybody: the nodes have to go first.",
      ""
    })
public final class StoresCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      required = true,
      description = "where PostgreSQL keeps its data")
  private Path data;

  @Option(names = "--redis-port", paramLabel = "PORT", required = true, description = "on loopback")
  private int redisPort;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Signals.ignore(List.of("INT", "HUP"));
    Future<String> asked =
        Future.any(Signals.firstOf(List.of("TERM")), Signals.endOfInput())
            .map(first -> "asked to end");
    PrintWriter out = spec.commandLine().getOut();
    try (LocalStores stores = LocalStores.start(data, redisPort)) {
      out.println(
          new JsonObject()
              .put("event", "ready")
              .put("postgres", stores.postgresUri())
              .put("postgres_pid", stores.postgresPid())
              .put("redis", stores.redisUri())
              .put("redis_pid", stores.redisPid())
              .encode());
      out.flush();
      Waiting.until(asked);
      return 0;
    } catch (StoreUnfitException | IOException e) {
      PrintWriter err = spec.commandLine().getErr();
      err.println(e.getMessage());
      err.flush();
      return 1;
    }
  }
}
