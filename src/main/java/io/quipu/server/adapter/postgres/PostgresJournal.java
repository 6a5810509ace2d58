package io.quipu.server.adapter.postgres;

import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.journal.ConversationState;
import io.quipu.server.journal.ConversationState.Aim;
import io.quipu.server.journal.EntryId;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.JournalWriter;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What owners ask of PostgreSQL: one statement for each question, and so one snapshot. */
final class PostgresJournal implements Journal {
  private static final short DIRECT = 1;
  private static final short GROUP = 2;

  /** A void row makes nobody an owner. */
  private static final int NO_QUOTA = Integer.MAX_VALUE;

  /** Of the body of a row of messages. */
  static final String DIGEST_OF_BODY =
      "sha256(set_byte('\\x00'::bytea, 0, messages.kind) || messages.body)";

  /**
   * $1 name, $2 and $3 ids, $4 to $6 aims. All is read by index look-ups from the conversation on;
   * a body, or its digest, is always there.
   */
  private static final String LOAD =
      """
      select conversation.id,
          coalesce(
              (select seq from messages
               where messages.conversation = conversation.id and seq > 0
               order by seq desc limit 1),
              0),
          conversation.history, conversation.who_adds,
          member.keys, member.names, member.roles, member.from_seqs, member.to_seqs,
          (select coalesce(array_agg(user_id), '{}') from blocks
           where blocks.conversation = conversation.id),
          found.senders, found.ids, found.seqs, found.stored_at, found.digests,
          target.places, target.visible, target.message, target.own, target.recalled, target.erased,
          target.age_ms, target.others, conversation.retention_days
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
            coalesce(array_agg(coalesce(digest, '')), '{}') as digests
        from unnest($2::bigint[], $3::uuid[]) as asked (sender, client_message_id)
        cross join lateral (
          select seq, stored_at, coalesce(digest, %s) as digest from messages
          where messages.conversation = conversation.id
            and sender = asked.sender
            and client_message_id = asked.client_message_id
          limit 1
        ) message
      ) found
      cross join lateral (
        select
            coalesce(array_agg(aim.place), '{}') as places,
            coalesce(array_agg(aim.visible), '{}') as visible,
            coalesce(array_agg(message.kind in (1, 2)), '{}') as message,
            coalesce(array_agg(message.sender = aim.actor), '{}') as own,
            coalesce(array_agg(message.recalled_by is not null), '{}') as recalled,
            coalesce(array_agg(message.body is null), '{}') as erased,
            coalesce(
                array_agg(
                    greatest(0, (extract(epoch from now() - message.stored_at) * 1000)::bigint)),
                '{}') as age_ms,
            coalesce(array_agg(aim.others), '{}') as others
        from (
          select asked.seq, asked.actor, asked.place,
              exists (
                select from members
                where members.conversation = conversation.id
                  and members.user_id = asked.actor
                  and asked.seq >= members.from_seq
                  and asked.seq <= coalesce(members.to_seq, 9223372036854775807)) as visible,
              (select count(*) from reactions
               where reactions.conversation = conversation.id
                 and reactions.target = asked.seq
                 and reactions.user_id = asked.actor
                 and reactions.key <> asked.key) as others
          from unnest($4::bigint[], $5::bigint[], $6::text[]) with ordinality
              as asked (seq, actor, key, place)
        ) aim
        cross join lateral (
          select kind, sender, recalled_by, body, stored_at from messages
          where messages.conversation = conversation.id and messages.seq = aim.seq
          limit 1
        ) message
      ) target
      where conversation.name = $1
      """
          .formatted(DIGEST_OF_BODY);

  /**
   * Who makes the conversation also writes its members; who finds it made waits for that
   * transaction's end, and does nothing. $1 name, $2 its users, $3 kind, $4 the one of them who
   * begins it, $5 how many he may begin within an hour: with more, nothing is made.
   */
  private static final String MAKE_DIRECT =
      """
      with known as materialized (
        select id, name from users where name = any ($2::text[])
      ),
      erased as materialized (
        select exists (
            select from unnest($2::text[]) as partner (name)
            where name like 'erased.%'
               or exists (select from erased_names where name_hash = name_hash(partner.name))
          ) as erased
      ),
      made as (
        insert into users (name)
        select name from unnest($2::text[]) as partner (name), erased
        where name not in (select name from known) and not erased
        order by name
        on conflict (name) do update set name = excluded.name
        returning id, name
      ),
      begun as materialized (
        select count(*) as within_the_hour
        from conversations
        join known on known.id = conversations.created_by
        where known.name = $4 and kind = 1 and created_at > now() - interval '1 hour'
      ),
      who as (
        select id, name from known union all select id, name from made
      ),
      conversation as (
        insert into conversations (name, kind, created_by)
        select $1, $3, who.id
        from who, begun, erased
        where who.name = $4 and begun.within_the_hour < $5 and not erased
        on conflict (name) do nothing
        returning id
      ),
      joined as (
        insert into members (conversation, user_id, from_seq, role)
        select conversation.id, who.id, 1, 0
        from conversation, who
      )
      select erased from erased
      """;

  /** $1 name, $2 kind, $3 creator, $4 how many groups he may own. True: one more is no more. */
  private static final String MAKE_GROUP =
      """
      with creator as materialized (
        select id from users where name = $3
      ),
      owned as materialized (
        select count(*) as groups
        from members
        where user_id = (select id from creator) and role = 1 and to_seq is null
      ),
      made as (
        insert into conversations (name, kind, created_by)
        select $1, $2, (select id from creator)
        from owned
        where owned.groups < $4
        on conflict (name) do nothing
      )
      select groups < $4 from owned
      """;

  /**
   * What became of a send, for whoever is or was a member, for the system, and for the maker of a
   * group which has no member yet.
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
                  or $5::boolean
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
  private final Quotas quotas;
  private final Reads reads;

  PostgresJournal(
      Vertx vertx, String uri, Configuration.Postgres limits, Quotas quotas, Reads reads) {
    this.vertx = vertx;
    this.uri = uri;
    this.limits = limits;
    this.quotas = quotas;
    this.reads = reads;
  }

  @Override
  public JournalWriter openWriter() {
    return new PostgresJournalWriter(vertx, uri, limits);
  }

  @Override
  public Future<Optional<ConversationState>> load(ConversationId conversation, Question question) {
    List<EntryId> ids = question.ids();
    List<Aim> aims = question.aims();
    Tuple values =
        Tuple.tuple()
            .addString(conversation.value())
            .addArrayOfLong(ids.stream().map(EntryId::senderKey).toArray(Long[]::new))
            .addArrayOfUUID(ids.stream().map(EntryId::clientMessageId).toArray(UUID[]::new))
            .addArrayOfLong(aims.stream().map(Aim::seq).toArray(Long[]::new))
            .addArrayOfLong(aims.stream().map(Aim::actorKey).toArray(Long[]::new))
            .addArrayOfString(aims.stream().map(Aim::reaction).toArray(String[]::new));
    return reads
        .execute(LOAD, values)
        .compose(
            answer ->
                answer.size() == 0 && conversation.isDirect() && question.beginner().isPresent()
                    ? makeDirect(conversation, question.beginner().get())
                        .compose(made -> reads.execute(LOAD, values))
                    : Future.succeededFuture(answer))
        .map(
            answer ->
                answer.size() == 0
                    ? Optional.empty()
                    : Optional.of(StateRow.state(answer.iterator().next(), aims)));
  }

  private Future<Void> makeDirect(ConversationId conversation, UserId beginner) {
    String[] partners =
        conversation.directUsers().stream().map(UserId::value).toArray(String[]::new);
    return reads
        .execute(
            MAKE_DIRECT,
            Tuple.of(
                conversation.value(),
                partners,
                DIRECT,
                beginner.value(),
                quotas.newDirectsPerHour()))
        .compose(
            answer ->
                answer.iterator().next().getBoolean(0)
                    ? Future.failedFuture(unknown(conversation))
                    : Future.succeededFuture());
  }

  @Override
  public Future<Boolean> createGroup(ConversationId group, UserId creator) {
    return reads
        .execute(MAKE_GROUP, Tuple.of(group.value(), GROUP, creator.value(), quotas.ownedGroups()))
        .map(answer -> answer.iterator().next().getBoolean(0));
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
                    ? make(conversation, sender)
                        .compose(made -> voidOnce(values, MAX_RACES))
                        .compose(PostgresJournal::unlessNothingWasMade)
                    : Future.succeededFuture(answer))
        .map(
            answer -> {
              if (answer.size() == 0) {
                throw unknown(conversation);
              }
              return fate(answer);
            });
  }

  private static Future<RowSet<Row>> unlessNothingWasMade(RowSet<Row> answer) {
    return answer.size() > 0
        ? Future.succeededFuture(answer)
        : Future.failedFuture(
            new QuipuException(
                ErrorCode.RATE_LIMITED, "too many new direct conversations within an hour"));
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
        ? makeDirect(conversation, sender)
        : reads
            .execute(PostgresDirectory.MAKE_USER, Tuple.of(sender.value()))
            .compose(
                user ->
                    reads.execute(
                        MAKE_GROUP,
                        Tuple.of(conversation.value(), GROUP, sender.value(), NO_QUOTA)))
            .mapEmpty();
  }

  private static Tuple sendValues(
      ConversationId conversation, UserId sender, UUID clientMessageId) {
    return Tuple.of(
        conversation.value(),
        sender.value(),
        clientMessageId,
        mayBegin(conversation, sender, clientMessageId),
        sender.equals(UserId.SYSTEM));
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
