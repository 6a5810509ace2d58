package io.quipu.server.command;

import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationLoader;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Optional;

/** The configuration that a command asks for, read on the command's own thread. */
final class ConfigurationSource {
  private ConfigurationSource() {}

  /**
   * @throws io.quipu.server.config.ConfigurationException
   */
  static Configuration read(Optional<Path> file) {
    return file.map(ConfigurationSource::read)
        .orElseGet(() -> ConfigurationLoader.withoutFile(System.getenv()));
  }

  /**
   * @throws io.quipu.server.config.ConfigurationException
   */
  static Configuration read(Path file) {
    Vertx vertx = Vertx.vertx();
    try {
      return Waiting.until(ConfigurationLoader.load(vertx, file, System.getenv()));
    } finally {
      // Not in the chain: a future of a closed Vertx has no event loop left to complete on.
      Waiting.until(vertx.close());
    }
  }
}
