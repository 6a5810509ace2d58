package io.quipu.server.command;

import io.quipu.model.QuipuException;
import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationException;
import io.quipu.server.session.Authenticator;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code conf check FILE}: whether {@code serve --conf FILE} would take it, here and now. */
@Command(
    name = "check",
    header = {"Says whether serve would take a configuration.", ""},
    description = {
      "Reads a configuration as serve would, with the QUIPU_ variables of this environment.",
      "Reads key files, connects to nothing. Exit code 0 if it is good, 2 if not; every mistake is named."
    })
public final class ConfCheckCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "the JSON file")
  private Path file;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Configuration configuration = ConfigurationSource.read(file);
    checkKeys(configuration);
    spec.commandLine().getOut().println(file + " is good: " + summary(configuration));
    return 0;
  }

  /** What a schema cannot say: whether the keys of tokens are keys, those in files too. */
  private void checkKeys(Configuration configuration) {
    try {
      Authenticator.checkKeys(configuration);
    } catch (QuipuException e) {
      throw new ConfigurationException(file.toString(), List.of(e.getMessage()));
    }
  }

  private static String summary(Configuration c) {
    String tcp = c.tcp().enabled() ? "TCP " + c.tcp().host() + ":" + c.tcp().port() + ", " : "";
    return tcp
        + "HTTP "
        + c.http().host()
        + ":"
        + c.http().port()
        + ", admin "
        + c.admin().host()
        + ":"
        + c.admin().port()
        + ", "
        + (c.postgres().uri().isPresent()
            ? "external PostgreSQL"
            : "embedded PostgreSQL in " + c.node().dataDirectory());
  }
}
