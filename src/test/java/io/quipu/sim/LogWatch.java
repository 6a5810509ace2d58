package io.quipu.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

/**
 * Hears what the program logs while simulations run: warnings about what they do on purpose are
 * swallowed, an error is a bug and breaks the run.
 */
final class LogWatch implements AutoCloseable {
  private final Logger root = (Logger) LoggerFactory.getLogger("io");
  private final boolean additive = root.isAdditive();
  private final Level level = root.getLevel();

  /** What each thread runs. */
  private final ThreadLocal<Ledger> ledger = ThreadLocal.withInitial(Ledger::new);

  private final AppenderBase<ILoggingEvent> ears =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
            String cause =
                event.getThrowableProxy() == null
                    ? ""
                    : event.getThrowableProxy().getClassName()
                        + " "
                        + event.getThrowableProxy().getMessage();
            ledger.get().fail("a bug is logged: " + event.getFormattedMessage() + " " + cause);
          }
        }
      };

  LogWatch() {
    ears.setContext(root.getLoggerContext());
    ears.start();
    root.setAdditive(false);
    root.setLevel(Level.ERROR);
    root.addAppender(ears);
  }

  /** Errors on this thread break this run from now on. */
  void watch(Ledger run) {
    ledger.set(run);
  }

  @Override
  public void close() {
    root.detachAppender(ears);
    root.setAdditive(additive);
    root.setLevel(level);
    ears.stop();
  }
}
