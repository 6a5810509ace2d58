package io.quipu.server.command;

import io.quipu.model.DeviceId;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.session.DevelopmentTokens;
import io.quipu.server.time.Clock;
import io.quipu.server.time.SystemClock;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
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
      "Prints a token (JWT) for a user or for a service, which acts for any user over HTTP: signed",
      "with auth.hs256Secret or auth.serviceHs256Secret if that is set, else with a development key,",
      "which only a node with auth.development = true takes (the default without a configuration",
      "file, on loopback). Tokens for public keys come from your own issuer.",
      ""
    })
public final class TokenCommand implements Callable<Integer> {
  /** One of the two. */
  static final class Bearer {
    @Option(names = "--user", required = true, paramLabel = "USER", description = "whose token")
    private Optional<String> user = Optional.empty();

    @Option(
        names = "--service",
        required = true,
        paramLabel = "NAME",
        description = "for a back end of this name, instead of a user")
    private Optional<String> service = Optional.empty();
  }

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Bearer bearer;

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

  @Option(
      names = "--json",
      description =
          "for scripts: a line of JSON with the token, whose it is and how long it is good")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Configuration configuration = ConfigurationSource.read(conf);
    try {
      Optional<UserId> user = bearer.user.map(UserId::new);
      Optional<DeviceId> where = device.map(DeviceId::new);
      if (where.isPresent() && user.isEmpty()) {
        throw new ParameterException(
            spec.commandLine(), "--device goes with --user: a service's token opens no session");
      }
      Clock clock = new SystemClock();
      DevelopmentTokens tokens = new DevelopmentTokens(configuration, clock);
      long expiresAtMs = (Math.floorDiv(clock.unixMs(), 1000L) + ttlSeconds) * 1000L;
      String token =
          user.isPresent()
              ? tokens.issue(user.get(), ttlSeconds)
              : tokens.issueForService(bearer.service.orElseThrow(), ttlSeconds);
      spec.commandLine().getOut().println(json ? line(token, expiresAtMs) : token);
      where.ifPresent(id -> spec.commandLine().getErr().println(connect(token, id)));
    } catch (QuipuException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
    return 0;
  }

  private String line(String token, long expiresAtMs) {
    JsonObject line = new JsonObject().put("token", token);
    bearer.user.ifPresent(name -> line.put("user", name));
    bearer.service.ifPresent(name -> line.put("service", name));
    return line.put("expiresAtMs", expiresAtMs).encode();
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
