package io.quipu.server.adapter.postgres;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.GroupSettings;
import io.quipu.model.Role;
import io.quipu.server.journal.Batch;
import io.quipu.server.journal.NewEntry;
import io.quipu.server.journal.NewEntry.MemberChange;
import io.quipu.server.journal.NewEntry.Span;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What entries do to all tables but the log, and to older rows of the log: as parts of the
 * statement that writes the entries, and as the arrays that those parts take.
 */
final class SideTables {
  /**
   * To stand behind a {@code left_out (conversation)}; takes $7 to $42.
   *
   * <p>New users are made by an upsert that locks the row of a competitor, since a statement does
   * not see rows that were committed after it began; in the order of names, against deadlocks.
   */
  static final String PARTS =
      """
      known as materialized (
        select id, name from users where name = any ($10::text[])
      ),
      made as (
        insert into users (name)
        select distinct name from unnest($10::text[]) as joining (name)
        where name not in (select name from known)
        order by name
        on conflict (name) do update set name = excluded.name
        returning id, name
      ),
      who as (
        select id, name from known union all select id, name from made
      ),
      joined as (
        insert into members (conversation, user_id, from_seq, to_seq, role, since_seq)
        select joining.conversation, who.id, joining.from_seq, joining.to_seq, joining.role,
            joining.since_seq
        from unnest($7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::smallint[],
                $12::bigint[])
            as joining (conversation, from_seq, to_seq, name, role, since_seq)
        join who on who.name = joining.name
        where joining.conversation not in (select conversation from left_out)
      ),
      gone as (
        update members set to_seq = leaving.to_seq
        from unnest($13::bigint[], $14::bigint[], $15::text[])
            as leaving (conversation, to_seq, name)
        join users on users.name = leaving.name
        where members.conversation = leaving.conversation
          and members.user_id = users.id
          and members.to_seq is null
          and leaving.conversation not in (select conversation from left_out)
      ),
      given as (
        update members set role = giving.role
        from unnest($16::bigint[], $17::text[], $18::smallint[])
            as giving (conversation, name, role)
        join users on users.name = giving.name
        where members.conversation = giving.conversation
          and members.user_id = users.id
          and members.to_seq is null
          and giving.conversation not in (select conversation from left_out)
      ),
      described as (
        update conversations set
            title = coalesce(setting.title, conversations.title),
            history = coalesce(setting.history, conversations.history),
            who_adds = coalesce(setting.who_adds, conversations.who_adds),
            name = coalesce(setting.name, conversations.name),
            retention_days = case
              when setting.retention_days is null then conversations.retention_days
              else nullif(setting.retention_days, %2$d)
            end
        from unnest($19::bigint[], $20::text[], $21::smallint[], $22::smallint[], $23::text[],
                $42::int[])
            as setting (conversation, title, history, who_adds, name, retention_days)
        where conversations.id = setting.conversation
          and setting.conversation not in (select conversation from left_out)
      ),
      kept as (
        insert into retention_changes (conversation, next_seq)
        select setting.conversation, 1
        from unnest($19::bigint[], $42::int[]) as setting (conversation, retention_days)
        where setting.retention_days is not null
          and setting.conversation not in (select conversation from left_out)
        on conflict (conversation) do update
            set next_seq = 1, changes = retention_changes.changes + 1
      ),
      blocked as (
        insert into blocks (conversation, user_id, seq)
        select * from unnest($24::bigint[], $25::bigint[], $26::bigint[])
            as blocking (conversation, user_id, seq)
        where blocking.conversation not in (select conversation from left_out)
        on conflict (conversation, user_id) do nothing
      ),
      unblocked as (
        delete from blocks
        using unnest($27::bigint[], $28::bigint[]) as unblocking (conversation, user_id)
        where blocks.conversation = unblocking.conversation
          and blocks.user_id = unblocking.user_id
          and unblocking.conversation not in (select conversation from left_out)
      ),
      edited as (
        update messages set
            kind = edit.kind,
            body = edit.body,
            edited_by = edit.seq,
            digest = coalesce(messages.digest, %1$s)
        from unnest($29::bigint[], $30::bigint[], $31::bigint[], $32::smallint[], $33::bytea[])
            as edit (conversation, target, seq, kind, body)
        where messages.conversation = edit.conversation
          and messages.seq = edit.target
          and messages.body is not null
          and edit.conversation not in (select conversation from left_out)
      ),
      amended as (
        insert into amendments (conversation, target, seq)
        select * from unnest($29::bigint[], $30::bigint[], $31::bigint[])
            as edit (conversation, target, seq)
        where edit.conversation not in (select conversation from left_out)
      ),
      recalled as (
        update messages set
            body = null,
            recalled_by = recall.seq,
            digest = coalesce(messages.digest, %1$s)
        from unnest($34::bigint[], $35::bigint[], $36::bigint[])
            as recall (conversation, target, seq)
        where messages.conversation = recall.conversation
          and messages.seq = recall.target
          and recall.conversation not in (select conversation from left_out)
      ),
      forgotten as (
        update messages set
            body = null,
            digest = coalesce(messages.digest, %1$s)
        from unnest($34::bigint[], $35::bigint[]) as recall (conversation, target)
        join amendments
          on amendments.conversation = recall.conversation and amendments.target = recall.target
        where messages.conversation = recall.conversation
          and messages.seq = amendments.seq
          and recall.conversation not in (select conversation from left_out)
      ),
      reacted as (
        insert into reactions (conversation, target, user_id, key)
        select reaction.conversation, reaction.target, reaction.user_id, reaction.key
        from unnest($37::bigint[], $38::bigint[], $39::bigint[], $40::text[], $41::boolean[])
            as reaction (conversation, target, user_id, key, remove)
        where not reaction.remove
          and reaction.conversation not in (select conversation from left_out)
        on conflict (conversation, target, user_id, key) do nothing
      ),
      unreacted as (
        delete from reactions
        using unnest($37::bigint[], $38::bigint[], $39::bigint[], $40::text[], $41::boolean[])
            as reaction (conversation, target, user_id, key, remove)
        where reaction.remove
          and reactions.conversation = reaction.conversation
          and reactions.target = reaction.target
          and reactions.user_id = reaction.user_id
          and reactions.key = reaction.key
          and reaction.conversation not in (select conversation from left_out)
      )
      """
          .formatted(PostgresJournal.DIGEST_OF_BODY, Settings.AS_SERVER);

  private final Table joins = new Table();
  private final Table leavings = new Table();
  private final Table givings = new Table();
  private final Table settings = new Table();
  private final Table blocks = new Table();
  private final Table unblocks = new Table();
  private final Table edits = new Table();
  private final Table recalls = new Table();
  private final Table reactions = new Table();

  SideTables(List<Batch> batches) {
    for (Batch batch : batches) {
      for (NewEntry entry : batch.entries()) {
        for (MemberChange change : entry.members()) {
          member(batch.conversationKey(), entry.seq(), change);
        }
        if (entry.content() instanceof Content.Changed changed) {
          change(batch.conversationKey(), entry, changed.change());
        }
      }
    }
  }

  private void member(long conversation, long seq, MemberChange change) {
    String user = change.user().value();
    if (change instanceof MemberChange.Joined joined) {
      short role = Roles.stored(joined.role());
      joins.add(conversation, seq, null, user, role, null);
      for (Span span : joined.history()) {
        joins.add(conversation, span.fromSeq(), span.toSeq(), user, role, seq);
      }
    } else if (change instanceof MemberChange.Left) {
      leavings.add(conversation, seq, user);
    } else if (change instanceof MemberChange.Given given) {
      givings.add(conversation, user, Roles.stored(given.role()));
    } else if (change instanceof MemberChange.Blocked) {
      leavings.add(conversation, seq - 1, user);
    } else if (change instanceof MemberChange.Unblocked) {
      joins.add(conversation, seq + 1, null, user, Roles.stored(Role.MEMBER), null);
    } else if (change instanceof MemberChange.Noted) {
      joins.add(conversation, seq, seq, user, Roles.stored(Role.MEMBER), null);
    } else if (change instanceof MemberChange.Erased erased) {
      leavings.add(conversation, seq, user);
      erased
          .renamed()
          .ifPresent(name -> settings.add(conversation, null, null, null, name.value(), null));
    }
  }

  private void change(long conversation, NewEntry entry, Change change) {
    long seq = entry.seq();
    long actor = entry.id().senderKey();
    if (change instanceof Change.Create create) {
      GroupSettings first = GroupSettings.DEFAULT.with(create.settings());
      settings.add(
          conversation,
          create.title(),
          Settings.history(first),
          Settings.whoAdds(first),
          null,
          Settings.retentionDays(create.settings()));
    } else if (change instanceof Change.Rename rename) {
      settings.add(conversation, rename.title(), null, null, null, null);
    } else if (change instanceof Change.Configure configure) {
      GroupSettings later = configure.settings();
      settings.add(
          conversation,
          null,
          Settings.history(later),
          Settings.whoAdds(later),
          null,
          Settings.retentionDays(later));
    } else if (change instanceof Change.Block) {
      blocks.add(conversation, actor, seq);
    } else if (change instanceof Change.Unblock) {
      unblocks.add(conversation, actor);
    } else if (change instanceof Change.Edit edit) {
      StoredContent content = StoredContent.of(edit.content());
      Buffer body = Buffer.buffer(content.bytes().toByteArray());
      edits.add(conversation, edit.seq(), seq, (short) content.kind(), body);
    } else if (change instanceof Change.Recall recall) {
      recalls.add(conversation, recall.seq(), seq);
    } else if (change instanceof Change.React react) {
      reactions.add(conversation, react.seq(), actor, react.key(), react.remove());
    }
  }

  /** Adds the arrays that {@link #PARTS} takes. */
  Tuple addTo(Tuple values) {
    return values
        .addArrayOfLong(joins.longs(0))
        .addArrayOfLong(joins.longs(1))
        .addArrayOfLong(joins.longs(2))
        .addArrayOfString(joins.strings(3))
        .addArrayOfShort(joins.shorts(4))
        .addArrayOfLong(joins.longs(5))
        .addArrayOfLong(leavings.longs(0))
        .addArrayOfLong(leavings.longs(1))
        .addArrayOfString(leavings.strings(2))
        .addArrayOfLong(givings.longs(0))
        .addArrayOfString(givings.strings(1))
        .addArrayOfShort(givings.shorts(2))
        .addArrayOfLong(settings.longs(0))
        .addArrayOfString(settings.strings(1))
        .addArrayOfShort(settings.shorts(2))
        .addArrayOfShort(settings.shorts(3))
        .addArrayOfString(settings.strings(4))
        .addArrayOfLong(blocks.longs(0))
        .addArrayOfLong(blocks.longs(1))
        .addArrayOfLong(blocks.longs(2))
        .addArrayOfLong(unblocks.longs(0))
        .addArrayOfLong(unblocks.longs(1))
        .addArrayOfLong(edits.longs(0))
        .addArrayOfLong(edits.longs(1))
        .addArrayOfLong(edits.longs(2))
        .addArrayOfShort(edits.shorts(3))
        .addArrayOfBuffer(edits.column(4, Buffer[]::new))
        .addArrayOfLong(recalls.longs(0))
        .addArrayOfLong(recalls.longs(1))
        .addArrayOfLong(recalls.longs(2))
        .addArrayOfLong(reactions.longs(0))
        .addArrayOfLong(reactions.longs(1))
        .addArrayOfLong(reactions.longs(2))
        .addArrayOfString(reactions.strings(3))
        .addArrayOfBoolean(reactions.column(4, Boolean[]::new))
        .addArrayOfInteger(settings.column(5, Integer[]::new));
  }

  /** Rows, to be given away by columns. */
  private static final class Table {
    private final List<Object[]> rows = new ArrayList<>(1);

    void add(Object... row) {
      rows.add(row);
    }

    Long[] longs(int column) {
      return column(column, Long[]::new);
    }

    String[] strings(int column) {
      return column(column, String[]::new);
    }

    Short[] shorts(int column) {
      return column(column, Short[]::new);
    }

    <T> T[] column(int column, IntFunction<T[]> array) {
      return rows.stream().map(row -> row[column]).toArray(array);
    }
  }
}
