package io.quipu.tools.chat;

/** Port: where a chat is seen. Called on one thread at a time; it may block while nobody reads. */
interface Face {
  /** A line of the conversation. */
  void print(Line line);

  /** A line about it. */
  void tell(Line line);

  /** What stands around the input line from now on. */
  void show(Prompt prompt);

  /** The next input line begins with this. */
  void giveBack(String line);
}
