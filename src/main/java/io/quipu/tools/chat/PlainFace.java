package io.quipu.tools.chat;

import java.io.PrintWriter;

/** Lines and nothing else, for scripts and for terminals that can do no more. */
final class PlainFace implements Face {
  private final PrintWriter conversation;
  private final PrintWriter notes;

  /**
   * @param conversation gets messages
   * @param notes gets everything else
   */
  PlainFace(PrintWriter conversation, PrintWriter notes) {
    this.conversation = conversation;
    this.notes = notes;
  }

  @Override
  public void print(Line line) {
    conversation.println(line.text());
    conversation.flush();
  }

  @Override
  public void tell(Line line) {
    notes.println(line.text());
    notes.flush();
  }

  @Override
  public void show(Prompt prompt) {
    // Where nothing can be drawn anew, what changes is told in lines.
  }

  @Override
  public void giveBack(String line) {
    // Whoever typed it still sees it; a script has it.
  }
}
