package io.quipu.server.adapter.postgres;

import com.google.protobuf.ByteString;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.ContentDigest;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Membership;
import io.quipu.server.journal.ConversationState.StoredId;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What owners ask of PostgreSQL: one statement for each question, and so one snapshot. */
final class PostgresJournal implements Journal {
  private static final short DIRECT = 1;
  private static final short GROUP = 2;

  /** A body is there, or its digest is. */
  private static final String DIGEST =
      "coalesce(digest, sha256(set_byte('\\x00'::bytea, 0, kind) || body))";

  private static final String LOAD =
      """
      select conversation.id,
          coalesce(
              (select seq from messages
               where messages.conversation = conversation.id and seq > 0
               order by seq desc limit 1),
              0),
          member.keys, member.names, member.roles, member.from_seqs, member.to_seqs,
          found.senders, found.ids, found.seqs, found.stored_at, found.digests
      from conversations conversation
      cross join lateral (
        select
            coalesce(array_agg(m.user_id order by m.from_seq, m.user_id), '{}') as keys,
            coalesce(array_agg(u.name order by m.from_seq, m.user_id), '{}') as names,
            coalesce(array_agg(m.role order by m.from_seq, m.user_id), '{}') as roles,
            coalesce(array_agg(m.from_seq order by m.from_seq, m.user_id), '{}') as from_seqs,
            coalesce(
                array_agg(coalesce(m.to_seq, 9223372036854775807) order by m.from_seq, m.user_id),
                '{}') as to_seqs
        from members m
        join users u on u.id = m.user_id
        where m.conversation = conversation.id
      ) member
      cross join lateral (
        select
            coalesce(array_agg(sender), '{}') as senders,
            coalesce(array_agg(client_message_id), '{}') as ids,
            coalesce(array_agg(seq), '{}') as seqs,
            coalesce(array_agg(stored_at), '{}') as stored_at,
            coalesce(array_agg(coalesce(%s, '')), '{}') as digests
        from unnest($2::bigint[], $3::uuid[]) as asked (sender, client_message_id)
        cross join lateral (
          select seq, stored_at, digest, kind, body from messages
          where messages.conversation = conversation.id
            and sender = asked.sender
            and client_message_id = asked.client_message_id
          limit 1
        ) message
      ) found
      where conversation.name = $1
      """
          .formatted(DIGEST);

  /**
   * Who makes the conversation also writes its members; who finds it made waits for that
   * transaction's end, and does nothing.
   */
  private static final String MAKE_DIRECT =
      """
      with known as materialized (
        select id, name from users where name = any ($2::text[])
      ),
      made as (
        insert into users (name)
        select name from unnest($2::text[]) as partner (name)
        where name not in (select name from known)
        order by name
        on conflict (name) do update set name = excluded.name
        returning id
      ),
      conversation as (
        insert into conversations (name, kind) values ($1, $3)
        on conflict (name) do nothing
        returning id
      )
      insert into members (conversation, user_id, from_seq, role)
      select conversation.id, who.id, 1, 0
      from conversation, (select id from known union all select id from made) who
      """;

  private static final String MAKE_GROUP =
      "insert into conversations (name, kind) values ($1, $2) on conflict (name) do nothing";

  /**
   * What became of a send, for whoever is or was a member, and for the maker of a group which has
   * no member yet.
   */
  private static final String SEND =
      """
      send as materialized (
        select conversation.id as conversation, sender.id as sender, message.seq, message.stored_at
        from conversations conversation
        join users sender on sender.name = $2
        left join lateral (
          select seq, stored_at from messages
          where messages.conversation = conversation.id
            and messages.sender = sender.id
            and client_message_id = $3
          limit 1
        ) message on true
        where conversation.name = $1
          and case
                when exists (select from members where members.conversation = conversation.id)
                then exists (
                    select from members
                    where members.conversation = conversation.id and user_id = sender.id)
                else $4::boolean
              end
      )
      """;

  private static final String FATE = "with %s select seq, stored_at from send".formatted(SEND);

  /** Fails with a unique violation if the row comes in between: then it is there to be read. */
  private static final String VOID =
      """
      with %s,
      void as (
        insert into messages (conversation, seq, sender, client_message_id, kind)
        select conversation, nextval('void_seqs'), sender, $3, 0
        from send
        where seq is null
        returning seq, stored_at
      )
      select seq, stored_at from send where seq is not null
      union all
      select seq, stored_at from void
      """
          .formatted(SEND);

  /** Each is lost to a commit of the same id, which cannot happen twice but for a fault. */
  private static final int MAX_RACES = 3;

  private final Vertx vertx;
  private final String uri;
  private final Configuration.Postgres limits;
  private final Reads reads;

  PostgresJournal(Vertx vertx, String uri, Configuration.Postgres limits, Reads reads) {
    this.vertx = vertx;
    this.uri = uri;
    this.limits = limits;
    this.reads = reads;
  }

  @Override
  public JournalWriter openWriter() {
    return new PostgresJournalWriter(vertx, uri, limits);
  }

  @Override
  public Future<Optional<ConversationState>> load(
      ConversationId conversation, Collection<EntryId> ids) {
    Long[] senders = ids.stream().map(EntryId::senderKey).toArray(Long[]::new);
    UUID[] clientMessageIds = ids.stream().map(EntryId::clientMessageId).toArray(UUID[]::new);
    Tuple question = Tuple.of(conversation.value(), senders, clientMessageIds);
    return reads
        .execute(LOAD, question)
        .compose(
            answer ->
                answer.size() == 0 && conversation.isDirect()
                    ? makeDirect(conversation).compose(made -> reads.execute(LOAD, question))
                    : Future.succeededFuture(answer))
        .map(
            answer ->
                answer.size() == 0
                    ? Optional.empty()
                    : Optional.of(state(answer.iterator().next())));
  }

  private static ConversationState state(Row row) {
    Long[] userKeys = row.getArrayOfLongs(2);
    String[] names = row.getArrayOfStrings(3);
    Short[] roles = row.getArrayOfShorts(4);
    Long[] fromSeqs = row.getArrayOfLongs(5);
    Long[] toSeqs = row.getArrayOfLongs(6);
    List<Membership> members = new ArrayList<>(userKeys.length);
    for (int i = 0; i < userKeys.length; i++) {
      members.add(
          new Membership(
              userKeys[i], new UserId(names[i]), Roles.of(roles[i]), fromSeqs[i], toSeqs[i]));
    }
    Long[] senders = row.getArrayOfLongs(7);
    UUID[] ids = row.getArrayOfUUIDs(8);
    Long[] seqs = row.getArrayOfLongs(9);
    OffsetDateTime[] storedAt = row.getArrayOfOffsetDateTimes(10);
    Buffer[] digests = row.getArrayOfBuffers(11);
    List<StoredId> found = new ArrayList<>(senders.length);
    for (int i = 0; i < senders.length; i++) {
      found.add(
          new StoredId(
              new EntryId(senders[i], ids[i]),
              seqs[i],
              storedAt[i].toInstant().toEpochMilli(),
              new ContentDigest(ByteString.copyFrom(digests[i].getBytes()))));
    }
    return new ConversationState(row.getLong(0), row.getLong(1), members, found);
  }

  private Future<Void> makeDirect(ConversationId conversation) {
    String[] partners =
        conversation.directUsers().stream().map(UserId::value).toArray(String[]::new);
    return reads.execute(MAKE_DIRECT, Tuple.of(conversation.value(), partners, DIRECT)).mapEmpty();
  }

  @Override
  public Future<Void> createGroup(ConversationId group) {
    return reads.execute(MAKE_GROUP, Tuple.of(group.value(), GROUP)).mapEmpty();
  }

  @Override
  public Future<SendFate> fateOf(ConversationId conversation, UserId sender, UUID clientMessageId) {
    return reads
        .execute(FATE, sendValues(conversation, sender, clientMessageId))
        .map(
            answer -> {
              if (answer.size() > 0) {
                return fate(answer);
              }
              if (mayBegin(conversation, sender, clientMessageId)) {
                return new SendFate(SendState.NOT_SEEN, 0, 0);
              }
              throw unknown(conversation);
            });
  }

  @Override
  public Future<SendFate> voidSend(
      ConversationId conversation, UserId sender, UUID clientMessageId) {
    Tuple values = sendValues(conversation, sender, clientMessageId);
    return voidOnce(values, MAX_RACES)
        .compose(
            answer ->
                answer.size() == 0 && mayBegin(conversation, sender, clientMessageId)
                    ? make(conversation, sender).compose(made -> voidOnce(values, MAX_RACES))
                    : Future.succeededFuture(answer))
        .map(
            answer -> {
              if (answer.size() == 0) {
                throw unknown(conversation);
              }
              return fate(answer);
            });
  }

  private Future<RowSet<Row>> voidOnce(Tuple values, int racesLeft) {
    return reads
        .executeUnlessTaken(VOID, values)
        .compose(
            answer ->
                answer
                    .map(Future::succeededFuture)
                    .orElseGet(
                        () ->
                            racesLeft > 0
                                ? voidOnce(values, racesLeft - 1)
                                : Future.failedFuture(
                                    new QuipuException(
                                        ErrorCode.STORE_DOWN, "a send was voided against races"))));
  }

  /** Somebody who could be the first to send here, before there is a row of the conversation. */
  private static boolean mayBegin(
      ConversationId conversation, UserId sender, UUID clientMessageId) {
    return conversation.isDirect()
        ? conversation.isDirectOf(sender)
        : conversation.equals(ConversationId.group(sender, clientMessageId));
  }

  private Future<Void> make(ConversationId conversation, UserId sender) {
    return conversation.isDirect()
        ? makeDirect(conversation)
        : reads
            .execute(PostgresDirectory.MAKE_USER, Tuple.of(sender.value()))
            .compose(user -> createGroup(conversation));
  }

  private static Tuple sendValues(
      ConversationId conversation, UserId sender, UUID clientMessageId) {
    return Tuple.of(
        conversation.value(),
        sender.value(),
        clientMessageId,
        mayBegin(conversation, sender, clientMessageId));
  }

  private static SendFate fate(RowSet<Row> answer) {
    Row row = answer.iterator().next();
    Long seq = row.getLong(0);
    if (seq == null) {
      return new SendFate(SendState.NOT_SEEN, 0, 0);
    }
    return seq < 0
        ? new SendFate(SendState.VOID, 0, 0)
        : new SendFate(SendState.STORED, seq, Rows.unixMs(row, 1));
  }

  private static QuipuException unknown(ConversationId conversation) {
    return new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + conversation);
  }
}
