package io.quipu.server.log;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import ch.qos.logback.core.joran.util.ConfigurationWatchListUtil;
import io.quipu.server.config.Configuration;
import java.net.URL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the log as the configuration says. Until then it is as the environment says: {@code
 * logback.xml} reads the same two variables.
 */
public final class LogSetting {
  private static final Logger LOG = LoggerFactory.getLogger(LogSetting.class);

  private LogSetting() {}

  /** Reads logback's own file again, with these for its two variables. */
  public static void apply(Configuration.Log log) {
    if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
      return; // somebody runs this with another logger of his, which he sets himself
    }
    URL file = ConfigurationWatchListUtil.getMainWatchURL(context);
    if (file == null) {
      return;
    }
    context.reset();
    context.putProperty("QUIPU_LOG_FORMAT", log.format());
    context.putProperty("QUIPU_LOG_LEVEL", log.level());
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    try {
      configurator.doConfigure(file);
    } catch (JoranException e) {
      LOG.error("{} cannot be read again", file, e);
    }
  }
}
