package io.quipu.server.adapter.postgres;

import io.quipu.server.journal.StoreUnfitException;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.output.MigrateResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schema's versions, db/migration in the resources. Blocking; nodes that start together take
 * turns.
 */
final class Migrations {
  private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
  private static final int CONNECT_TIMEOUT_S = 5;

  private Migrations() {}

  static void run(PgConnectOptions options) {
    SslMode ssl = options.getSslMode() == null ? SslMode.DISABLE : options.getSslMode();
    String url =
        "jdbc:postgresql://%s:%d/%s?connectTimeout=%d&ApplicationName=quipu%%20migration&sslmode=%s"
            .formatted(
                options.getHost(),
                options.getPort(),
                URLEncoder.encode(options.getDatabase(), StandardCharsets.UTF_8),
                CONNECT_TIMEOUT_S,
                ssl.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    try {
      MigrateResult done =
          Flyway.configure(Migrations.class.getClassLoader())
              .dataSource(url, options.getUser(), options.getPassword())
              .locations("classpath:db/migration")
              .load()
              .migrate();
      LOG.atInfo()
          .addKeyValue("version", done.targetSchemaVersion)
          .addKeyValue("migrations", done.migrationsExecuted)
          .log(
              done.migrationsExecuted > 0 ? "the schema was migrated" : "the schema is up to date");
    } catch (FlywayException e) {
      throw new StoreUnfitException(
          "the schema of database \"%s\" at %s:%d cannot be brought to this version: %s"
              .formatted(
                  options.getDatabase(), options.getHost(), options.getPort(), e.getMessage()));
    }
  }
}
