package io.quipu.tools.chat;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The thread that reads what is entered: it may stand in a read when the chat is over. */
final class Reading {
  private static final long END_MS = 2_000;

  private Reading() {}

  /** Feeds the session until it has ended, and returns its exit code. */
  static int until(ChatSession session, Consumer<ChatSession> input) {
    Thread reader = new Thread(() -> input.accept(session), "chat-input");
    reader.setDaemon(true);
    reader.start();
    int exitCode = session.ended().join();
    reader.interrupt();
    try {
      TimeUnit.MILLISECONDS.timedJoin(reader, END_MS); // so that the terminal is as it was
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return exitCode;
  }
}
