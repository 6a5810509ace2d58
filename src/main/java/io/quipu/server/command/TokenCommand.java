package io.quipu.server.command;

import io.quipu.model.DeviceId;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.SystemClock;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code token}: a token for trying things out, on standard output and nothing beside it. */
@Command(
    name = "token",
    header = {"Prints a token for trying things out.", ""},
    description = {
      "Prints a token (JWT) for a user: signed with auth.hs256Secret if that is set, else with the",
      "development key, which only a node with auth.development = true takes (the default without a",
      "configuration file, on loopback). Tokens for auth.publicKeys come from your own issuer.",
      ""
    })
public final class TokenCommand implements Callable<Integer> {
  @Option(names = "--user", required = true, paramLabel = "USER", description = "whose token")
  private String user;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description =
          "also shows, on standard error, the Connect frame in JSON with which this device begins; a"
              + " token itself names no device")
  private Optional<String> device = Optional.empty();

  @Option(
      names = "--ttl",
      paramLabel = "SECONDS",
      defaultValue = "86400",
      description = "how long it is good, default ${DEFAULT-VALUE}")
  private int ttlSeconds;

  @Option(
      names = "--conf",
      paramLabel = "FILE",
      description = "the configuration of the node that will get it")
  private Optional<Path> conf = Optional.empty();

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Configuration configuration = ConfigurationSource.read(conf);
    try {
      UserId who = new UserId(user);
      Optional<DeviceId> where = device.map(DeviceId::new);
      String token = new DevelopmentTokens(configuration, new SystemClock()).issue(who, ttlSeconds);
      spec.commandLine().getOut().println(token);
      where.ifPresent(id -> spec.commandLine().getErr().println(connect(token, id)));
    } catch (QuipuException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
    return 0;
  }

  private static String connect(String token, DeviceId device) {
    JsonObject frame =
        new JsonObject()
            .put("protocolVersion", 1)
            .put("token", token)
            .put("device", device.value());
    return new JsonObject().put("connect", frame).encode();
  }
}
