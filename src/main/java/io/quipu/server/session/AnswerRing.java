package io.quipu.server.session;

import io.quipu.protocol.Frame;
import java.util.Optional;

/**
 * The answers to the last sends of a connection, as many as its window, so that a repeated send
 * gets its answer again.
 */
final class AnswerRing {
  private final Frame[] answers;
  private final int[] clientSeqs;

  AnswerRing(int capacity) {
    answers = new Frame[capacity];
    clientSeqs = new int[capacity];
  }

  /**
   * @param clientSeq from 1
   */
  void put(int clientSeq, Frame answer) {
    int place = clientSeq % answers.length;
    answers[place] = answer;
    clientSeqs[place] = clientSeq;
  }

  Optional<Frame> get(int clientSeq) {
    int place = clientSeq % answers.length;
    return clientSeqs[place] == clientSeq ? Optional.of(answers[place]) : Optional.empty();
  }
}
