package io.quipu.server.adapter.postgres;

import com.google.protobuf.ByteString;
import io.quipu.model.UserId;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.ConversationState.Target;
import io.quipu.server.journal.EntryId;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** The row that answers how a conversation is, as the words of the journal. */
final class StateRow {
  private StateRow() {}

  /**
   * @param aims as they were asked
   */
  static ConversationState state(Row row, List<Aim> aims) {
    List<Membership> members = members(row);
    Map<Long, UserId> names = new HashMap<>();
    members.forEach(member -> names.put(member.userKey(), member.user()));
    Set<UserId> blockers = new HashSet<>();
    for (Long key : row.getArrayOfLongs(9)) {
      blockers.add(names.get(key));
    }
    return new ConversationState(
        row.getLong(0),
        row.getLong(1),
        Settings.of(row.getShort(2), row.getShort(3), row.getInteger(23)),
        members,
        blockers,
        found(row),
        targets(row, aims));
  }

  private static List<Membership> members(Row row) {
    Long[] userKeys = row.getArrayOfLongs(4);
    String[] names = row.getArrayOfStrings(5);
    Short[] roles = row.getArrayOfShorts(6);
    Long[] fromSeqs = row.getArrayOfLongs(7);
    Long[] toSeqs = row.getArrayOfLongs(8);
    List<Membership> members = new ArrayList<>(userKeys.length);
    for (int i = 0; i < userKeys.length; i++) {
      members.add(
          new Membership(
              userKeys[i], new UserId(names[i]), Roles.of(roles[i]), fromSeqs[i], toSeqs[i]));
    }
    return members;
  }

  private static List<StoredId> found(Row row) {
    Long[] senders = row.getArrayOfLongs(10);
    UUID[] ids = row.getArrayOfUUIDs(11);
    Long[] seqs = row.getArrayOfLongs(12);
    OffsetDateTime[] storedAt = row.getArrayOfOffsetDateTimes(13);
    Buffer[] digests = row.getArrayOfBuffers(14);
    List<StoredId> found = new ArrayList<>(senders.length);
    for (int i = 0; i < senders.length; i++) {
      found.add(
          new StoredId(
              new EntryId(senders[i], ids[i]),
              seqs[i],
              storedAt[i].toInstant().toEpochMilli(),
              new ContentDigest(ByteString.copyFrom(digests[i].getBytes()))));
    }
    return found;
  }

  private static Map<Aim, Target> targets(Row row, List<Aim> aims) {
    Map<Aim, Target> targets = new HashMap<>();
    Long[] places = row.getArrayOfLongs(15);
    Boolean[] visible = row.getArrayOfBooleans(16);
    Boolean[] message = row.getArrayOfBooleans(17);
    Boolean[] own = row.getArrayOfBooleans(18);
    Boolean[] recalled = row.getArrayOfBooleans(19);
    Boolean[] erased = row.getArrayOfBooleans(20);
    Long[] ageMs = row.getArrayOfLongs(21);
    Long[] others = row.getArrayOfLongs(22);
    for (int i = 0; i < places.length; i++) {
      targets.put(
          aims.get(Math.toIntExact(places[i]) - 1),
          new Target(
              visible[i],
              message[i],
              own[i],
              recalled[i],
              erased[i],
              ageMs[i],
              Math.toIntExact(others[i])));
    }
    return targets;
  }
}
