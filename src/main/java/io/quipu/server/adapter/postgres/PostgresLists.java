package io.quipu.server.adapter.postgres;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.Member;
import io.quipu.model.Message;
import io.quipu.model.QuipuException;
import io.quipu.model.ReactionCount;
import io.quipu.model.UserId;
import io.quipu.server.adapter.postgres.PageTokens.Scope;
import io.quipu.server.journal.ListPage;
import io.quipu.server.journal.Lists;
import io.quipu.server.journal.Mutes;
import io.quipu.server.journal.StoredContent;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What a user finds of his conversations: each page one statement of {@link ListStatements}. */
final class PostgresLists implements Lists, Mutes {
  private static final short DIRECT = 1;

  private final Reads reads;
  private final StoreSecret secret;

  PostgresLists(Reads reads, StoreSecret secret) {
    this.reads = reads;
    this.secret = secret;
  }

  @Override
  public Future<ListPage<ConversationSummary>> conversations(
      UserId user, String page, int limit, int maxBytes) {
    Scope scope = new Scope("conversations", user.value());
    return secret
        .pageTokens()
        .compose(
            tokens -> {
              long[] after = tokens.numbers(scope, page, Long.MAX_VALUE, Long.MAX_VALUE);
              return reads
                  .execute(
                      ListStatements.CONVERSATIONS,
                      Tuple.of(user.value(), after[0], after[1], limit, (long) maxBytes))
                  .map(
                      answer ->
                          page(
                              answer,
                              row -> row.getBoolean("fits"),
                              PostgresLists::summary,
                              last ->
                                  tokens.token(
                                      scope, last.getLong("tx"), last.getLong("conversation"))));
            });
  }

  @Override
  public Future<ConversationSummary> conversation(UserId user, ConversationId conversation) {
    return reads
        .execute(ListStatements.CONVERSATION, Tuple.of(user.value(), conversation.value()))
        .map(
            answer -> {
              if (answer.size() > 0) {
                return summary(answer.iterator().next());
              }
              if (conversation.isDirectOf(user)) {
                return nothingYet(conversation);
              }
              throw unknown(conversation);
            });
  }

  private static ConversationSummary nothingYet(ConversationId direct) {
    return new ConversationSummary(
        direct,
        "",
        Optional.empty(),
        true,
        direct.directUsers().size(),
        GroupSettings.UNCHANGED,
        Optional.empty(),
        0,
        0,
        0,
        false,
        0,
        false);
  }

  private static ConversationSummary summary(Row row) {
    boolean group = row.getShort("conversation_kind") != DIRECT;
    boolean present = row.getBoolean("present");
    // What has become of a group after he left is not for him.
    boolean inGroup = group && present;
    long scanned = row.getLong("scanned");
    long unread = row.getLong("unread");
    return new ConversationSummary(
        new ConversationId(row.getString("name")),
        inGroup ? Optional.ofNullable(row.getString("title")).orElse("") : "",
        inGroup ? Optional.of(Roles.of(row.getShort("role"))) : Optional.empty(),
        present,
        present ? Math.toIntExact(row.getLong("members")) : 0,
        settings(row, inGroup, present),
        row.getLong("seq") == null ? Optional.empty() : Optional.of(message(row)),
        row.getLong("tail"),
        row.getLong("read_seq"),
        (int) Math.min(unread, MAX_UNREAD),
        unread > MAX_UNREAD || scanned >= ListStatements.MAX_SCANNED,
        row.getLong("until_ms"),
        row.getBoolean("blocked"));
  }

  /** A direct conversation has one of them. */
  private static GroupSettings settings(Row row, boolean inGroup, boolean present) {
    Integer retentionDays = row.getInteger("retention_days");
    if (inGroup) {
      return Settings.of(row.getShort("history"), row.getShort("who_adds"), retentionDays);
    }
    return present ? GroupSettings.of(Settings.retention(retentionDays)) : GroupSettings.UNCHANGED;
  }

  /** Of a message that was amended by an entry out of his sight the new content is not shown. */
  private static Message message(Row row) {
    Buffer body = row.getBuffer("body");
    Long recalledBy = row.getLong("recalled_by");
    Long editedBy = row.getLong("edited_by");
    boolean amended = recalledBy != null || editedBy != null;
    boolean inSight = row.getBoolean("amended_in_sight") != null;
    Content content;
    if (recalledBy != null && inSight) {
      content = new Content.Recalled();
    } else if (body == null || amended && !inSight) {
      content = new Content.Erased();
    } else {
      content = new StoredContent(row.getShort("kind"), Rows.bytes(body)).content();
    }
    return new Message(
        row.getLong("seq"),
        new UserId(row.getString("sender_name")),
        row.getUUID("client_message_id"),
        Rows.unixMs(row, row.getColumnIndex("stored_at")),
        content,
        !inSight ? 0 : recalledBy != null ? recalledBy : editedBy);
  }

  @Override
  public Future<ListPage<Member>> members(
      Optional<UserId> reader, ConversationId conversation, String page, int limit) {
    Scope scope = new Scope("members", reader.map(UserId::value).orElse(""), conversation.value());
    return secret
        .pageTokens()
        .compose(
            tokens ->
                reads
                    .execute(
                        ListStatements.MEMBERS,
                        Tuple.of(
                            reader.map(UserId::value).orElse(null),
                            conversation.value(),
                            tokens.text(scope, page),
                            limit))
                    .map(
                        answer -> {
                          judge(answer, conversation);
                          return page(
                              answer,
                              limit,
                              PostgresLists::member,
                              last -> tokens.token(scope, last.getString("name")));
                        }));
  }

  static void judge(RowSet<Row> answer, ConversationId conversation) {
    int standing = answer.size() == 0 ? 0 : answer.iterator().next().getInteger("standing");
    if (standing == ListStatements.WAS_MEMBER) {
      throw new QuipuException(ErrorCode.NOT_A_MEMBER, "no longer a member of this conversation");
    }
    if (standing != ListStatements.IS_MEMBER) {
      throw unknown(conversation);
    }
  }

  private static Member member(Row row) {
    return new Member(
        new UserId(row.getString("name")), Roles.of(row.getShort("role")), row.getLong("since"));
  }

  @Override
  public Future<ListPage<Reaction>> reactions(
      UserId reader, ConversationId conversation, long seq, String page, int limit) {
    Scope scope = new Scope("reactions", reader.value(), conversation.value(), "" + seq);
    return secret
        .pageTokens()
        .compose(
            tokens -> {
              String[] after = ("0 " + tokens.text(scope, page)).split(" ", 3);
              boolean first = page.equals(ListPage.NONE);
              return reads
                  .execute(
                      ListStatements.REACTIONS,
                      Tuple.of(
                          reader.value(),
                          conversation.value(),
                          seq,
                          first ? 0L : Long.parseLong(after[1]),
                          first ? "" : after[2],
                          limit))
                  .map(
                      answer -> {
                        if (answer.size() == 0) {
                          throw unknown(conversation);
                        }
                        if (!answer.iterator().next().getBoolean("visible")) {
                          throw new QuipuException(
                              ErrorCode.MESSAGE_UNKNOWN, "no message at seq " + seq);
                        }
                        return page(
                            answer,
                            limit,
                            row ->
                                new Reaction(
                                    new UserId(row.getString("name")), row.getString("key")),
                            last ->
                                tokens.token(
                                    scope, last.getLong("user_id") + " " + last.getString("key")));
                      });
            });
  }

  @Override
  public Future<List<ReactionCount>> reactionCounts(
      UserId reader, ConversationId conversation, long fromSeq, long toSeq) {
    return reads
        .execute(
            ListStatements.REACTION_COUNTS,
            Tuple.of(
                reader.value(), conversation.value(), fromSeq, toSeq, (long) MAX_KEYS_OF_MESSAGE))
        .map(
            answer -> {
              List<ReactionCount> counts = new ArrayList<>(answer.size());
              for (Row row : answer) {
                counts.add(
                    new ReactionCount(
                        row.getLong("target"),
                        row.getString("key"),
                        Math.toIntExact(row.getLong("users")),
                        row.getBoolean("own")));
              }
              return counts;
            });
  }

  @Override
  public Future<ListPage<UserId>> blocks(UserId user, String page, int limit) {
    Scope scope = new Scope("blocks", user.value());
    return secret
        .pageTokens()
        .compose(
            tokens ->
                reads
                    .execute(
                        ListStatements.BLOCKS,
                        Tuple.of(user.value(), tokens.numbers(scope, page, 0)[0], limit))
                    .map(
                        answer ->
                            page(
                                answer,
                                limit,
                                row -> other(row.getString("name"), user),
                                last -> tokens.token(scope, last.getLong("conversation")))));
  }

  /** Who has blocked himself nobody knows; but if so, he is the other one. */
  private static UserId other(String direct, UserId user) {
    List<UserId> users = new ConversationId(direct).directUsers();
    return users.get(0).equals(user) ? users.get(users.size() - 1) : users.get(0);
  }

  @Override
  public Future<Void> mute(UserId user, ConversationId conversation, long untilMs) {
    return reads
        .execute(ListStatements.MUTE, Tuple.of(user.value(), conversation.value(), untilMs))
        .map(
            answer -> {
              if (answer.size() == 0) {
                throw unknown(conversation);
              }
              return null;
            });
  }

  /** The first {@code limit} rows with something in them; one more says that there is more. */
  static <T> ListPage<T> page(
      RowSet<Row> answer, int limit, Function<Row, T> item, Function<Row, String> token) {
    int[] place = {0};
    return page(answer, row -> place[0]++ < limit, item, token);
  }

  private static <T> ListPage<T> page(
      RowSet<Row> answer,
      Function<Row, Boolean> fits,
      Function<Row, T> item,
      Function<Row, String> token) {
    List<T> items = new ArrayList<>(answer.size());
    Optional<Row> last = Optional.empty();
    for (Row row : answer) {
      if (row.getBoolean("there")) {
        if (!fits.apply(row)) {
          return new ListPage<>(items, last.map(token).orElse(ListPage.NONE));
        }
        items.add(item.apply(row));
        last = Optional.of(row);
      }
    }
    return new ListPage<>(items, ListPage.NONE);
  }

  private static QuipuException unknown(ConversationId conversation) {
    return new QuipuException(ErrorCode.CONVERSATION_UNKNOWN, "no conversation " + conversation);
  }
}
