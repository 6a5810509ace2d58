package io.quipu.tools.checker;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One message by its identity: what its sender asked for and was told, and the first place at which
 * anybody saw it. A message that was seen and (so far) never sent has no {@code invokeLine}.
 */
final class Send {
  static final long NEVER = -1;

  final String sender;
  final UUID id;

  /** Of its content, as it was sent first. */
  String content = "";

  /** Other contents sent under the same id, which must not be; empty nearly always. */
  List<String> otherContents = List.of();

  DeviceTrack device;
  int outbox;
  long invokeLine;
  long invokeAtUs = NEVER;
  long ackLine;
  long ackAtUs = NEVER;

  long seq;
  long seqLine;
  boolean seenTwice;
  boolean inJournal;

  boolean wasUnknown;
  long deniedLine;
  boolean deniedAfterUnknown;
  long voidLine;
  long storedLine;
  long storedSeq;

  Send(String sender, UUID id) {
    this.sender = sender;
    this.id = id;
  }

  boolean invoked() {
    return invokeLine != 0;
  }

  void addContent(String other) {
    if (otherContents.isEmpty()) {
      otherContents = new ArrayList<>(1);
    }
    otherContents.add(other);
  }

  boolean wasSentWith(String found) {
    return !Fingerprint.comparable(found) || found.equals(content) || otherContents.contains(found);
  }

  @Override
  public String toString() {
    return sender + "'s " + id;
  }
}
