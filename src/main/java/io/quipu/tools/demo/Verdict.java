package io.quipu.tools.demo;

import io.quipu.model.ConversationId;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Whether a device has seen what it must: every acked message once, in order, and nothing else. */
final class Verdict {
  private Verdict() {}

  /**
   * The faults of one device; none if all is well.
   *
   * @param seen in the order in which its handler got it
   * @param acked by the server, of all senders
   * @param sent every id that anybody ever sent
   * @param members of each conversation, from its first message on
   */
  static List<String> faults(
      UserId user,
      List<Seen> seen,
      List<Seen> acked,
      Set<UUID> sent,
      Map<ConversationId, Set<UserId>> members) {
    List<String> faults = new ArrayList<>();
    Map<ConversationId, Long> last = new HashMap<>();
    Set<UUID> ids = new HashSet<>();
    Map<ConversationId, Map<Long, Seen>> bySeq = new HashMap<>();
    for (Seen message : seen) {
      long expected = last.getOrDefault(message.conversation(), 0L) + 1;
      if (message.seq() != expected) {
        faults.add("seq " + message.seq() + " where " + expected + " was next: " + message);
      }
      last.put(message.conversation(), message.seq());
      if (!ids.add(message.id())) {
        faults.add("twice: " + message);
      }
      if (!sent.contains(message.id())) {
        faults.add("never sent: " + message);
      }
      if (!members.getOrDefault(message.conversation(), Set.of()).contains(user)) {
        faults.add("not his: " + message);
      }
      bySeq
          .computeIfAbsent(message.conversation(), none -> new HashMap<>())
          .put(message.seq(), message);
    }
    for (Seen message : acked) {
      if (members.getOrDefault(message.conversation(), Set.of()).contains(user)) {
        Seen found = bySeq.getOrDefault(message.conversation(), Map.of()).get(message.seq());
        if (found == null) {
          faults.add("acked and not seen: " + message);
        } else if (!found.equals(message)) {
          faults.add("acked was " + message + ", seen was " + found);
        }
      }
    }
    return List.copyOf(faults);
  }
}
