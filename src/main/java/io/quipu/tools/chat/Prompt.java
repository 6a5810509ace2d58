package io.quipu.tools.chat;

import java.util.List;

/**
 * What stands around the input line and is drawn anew whenever it changes.
 *
 * @param elsewhere what has come in other conversations, and who is writing in this one
 * @param above what is still on its way
 * @param left who writes to whom, and whether there is a connection
 * @param right how far the last own message has come
 */
record Prompt(List<Line> elsewhere, List<Line> above, Line left, Line right, boolean online) {
  Prompt {
    elsewhere = List.copyOf(elsewhere);
    above = List.copyOf(above);
  }
}
