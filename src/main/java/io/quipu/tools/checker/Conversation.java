package io.quipu.tools.checker;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Everything that a history says of one conversation. */
final class Conversation {
  final String name;
  final int number;
  final Map<Long, Entry> entries = new HashMap<>();
  final List<Membership.Fact> facts = new ArrayList<>();

  /** Seqs that an ack has named. */
  final Ranges acked = new Ranges();

  final Ranges journal = new Ranges();
  long journalStartUs = Send.NEVER;
  long journalDoneLine;
  long journalTail;

  /** A user was erased here: names changed under way, so it cannot be judged as a whole. */
  boolean erased;

  private final Map<Identity, Send> sends = new HashMap<>();
  private final Set<Long> factSeqs = new HashSet<>();

  private record Identity(String sender, UUID id) {}

  Conversation(String name, int number) {
    this.name = name;
    this.number = number;
  }

  Send send(String sender, UUID id) {
    return sends.computeIfAbsent(new Identity(sender, id), key -> new Send(sender, id));
  }

  /** A new attempt under the id of one that ended. */
  Send anew(String sender, UUID id) {
    Send fresh = new Send(sender, id);
    sends.put(new Identity(sender, id), fresh);
    return fresh;
  }

  Iterable<Send> sends() {
    return sends.values();
  }

  void add(Membership.Fact fact) {
    if (factSeqs.add(fact.seq())) {
      facts.add(fact);
    }
  }

  boolean journalDone() {
    return journalDoneLine != 0;
  }
}
