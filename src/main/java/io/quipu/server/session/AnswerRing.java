package io.quipu.server.session;

import io.quipu.protocol.Frame;
import java.util.Arrays;
import java.util.Optional;

/**
 * The answers to the last sends of a connection, as many as its window, so that a repeated send
 * gets its answer again. Most connections send little, so it begins with nothing and grows.
 */
final class AnswerRing {
  private static final int FIRST = 8;

  private final int capacity;
  private Frame[] answers = new Frame[0];
  private int[] clientSeqs = new int[0];

  AnswerRing(int capacity) {
    this.capacity = capacity;
  }

  /**
   * @param clientSeq from 1
   */
  void put(int clientSeq, Frame answer) {
    if (clientSeq >= answers.length && answers.length < capacity) {
      grow(clientSeq);
    }
    int place = clientSeq % answers.length;
    answers[place] = answer;
    clientSeqs[place] = clientSeq;
  }

  /** Before the first turn is over each stands at its own number, so it stays where it is. */
  private void grow(int clientSeq) {
    long size = Math.max(FIRST, answers.length);
    while (size <= clientSeq && size < capacity) {
      size *= 2;
    }
    int length = (int) Math.min(size, capacity);
    answers = Arrays.copyOf(answers, length);
    clientSeqs = Arrays.copyOf(clientSeqs, length);
  }

  Optional<Frame> get(int clientSeq) {
    if (answers.length == 0) {
      return Optional.empty();
    }
    int place = clientSeq % answers.length;
    return clientSeqs[place] == clientSeq ? Optional.of(answers[place]) : Optional.empty();
  }
}
