package io.quipu.contract;

import com.google.protobuf.ByteString;
import io.quipu.fake.FakeStore;
import io.quipu.it.TestPostgres;
import io.quipu.model.ConversationId;
import io.quipu.server.adapter.postgres.Postgres;
import io.quipu.server.journal.Cursors;
import io.quipu.server.journal.Directory;
import io.quipu.server.journal.Journal;
import io.quipu.server.journal.MessageLog;
import io.quipu.server.journal.Receipts;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Each contract holds for both. */
enum StoreUnderTest {
  FAKE {
    @Override
    Ports open() {
      AtomicLong clock = new AtomicLong(1_700_000_000_000L);
      FakeStore store = new FakeStore(FakeStore.Line.DIRECT, clock::incrementAndGet);
      return new Ports(
          store.journal(QUOTAS),
          store.messageLog(),
          store.cursors(),
          store.receipts(),
          store.directory(),
          new OnFake(store));
    }
  },
  POSTGRES {
    @Override
    Ports open() {
      Vertx vertx = Vertx.vertx();
      String uri = TestPostgres.freshDatabase();
      Postgres postgres = Awaiting.await(Postgres.open(vertx, uri, TestPostgres.limits()));
      return new Ports(
          postgres.journal(QUOTAS),
          postgres.messageLog(),
          postgres.cursors(FakeStore.RECEIPT_MEMBERS),
          postgres.receipts(FakeStore.RECEIPT_MEMBERS),
          postgres.directory(),
          new OnPostgres(uri, vertx, postgres));
    }
  };

  /** Of all stores under test: so small that a test reaches them. */
  static final Journal.Quotas QUOTAS = new Journal.Quotas(3, 4);

  abstract Ports open();

  /** A store with nothing in it. */
  record Ports(
      Journal journal,
      MessageLog messageLog,
      Cursors cursors,
      Receipts receipts,
      Directory directory,
      Backdoor backdoor) {}

  /** What a test does behind the ports. */
  interface Backdoor {
    void erase(ConversationId conversation, long seq);

    /** As if this entry had been stored so much earlier. */
    void age(ConversationId conversation, long seq, long ms);

    /** As {@code user key}, sorted. */
    List<String> reactions(ConversationId conversation, long seq);

    /** From now on no entry with this body is taken. */
    void refuse(ByteString body);

    void forgetAbove(ConversationId conversation, long seq);

    String title(ConversationId conversation);

    void close();
  }

  private record OnFake(FakeStore store) implements Backdoor {
    @Override
    public void erase(ConversationId conversation, long seq) {
      store.erase(conversation, seq);
    }

    @Override
    public void age(ConversationId conversation, long seq, long ms) {
      store.age(conversation, seq, ms);
    }

    @Override
    public List<String> reactions(ConversationId conversation, long seq) {
      return store.reactions(conversation, seq);
    }

    @Override
    public void refuse(ByteString body) {
      store.refuse(body);
    }

    @Override
    public void forgetAbove(ConversationId conversation, long seq) {
      store.rollBack(conversation, seq);
    }

    @Override
    public String title(ConversationId conversation) {
      return store.title(conversation);
    }

    @Override
    public void close() {}
  }

  private record OnPostgres(String uri, Vertx vertx, Postgres postgres) implements Backdoor {
    private static final String OF_CONVERSATION =
        " where conversation = (select id from conversations where name = ?)";

    @Override
    public void erase(ConversationId conversation, long seq) {
      update(
          "update messages set digest = sha256(set_byte('\\x00'::bytea, 0, kind) || body), body ="
              + " null"
              + OF_CONVERSATION
              + " and seq = ?",
          conversation.value(),
          seq);
    }

    @Override
    public void age(ConversationId conversation, long seq, long ms) {
      update(
          "update messages set stored_at = stored_at - ? * interval '1 ms'"
              + OF_CONVERSATION
              + " and seq = ?",
          ms,
          conversation.value(),
          seq);
    }

    @Override
    public List<String> reactions(ConversationId conversation, long seq) {
      try (Connection connection = TestPostgres.connect(uri);
          PreparedStatement statement =
              connection.prepareStatement(
                  "select name || ' ' || key from reactions join users on users.id = user_id"
                      + OF_CONVERSATION
                      + " and target = ? order by 1")) {
        statement.setString(1, conversation.value());
        statement.setLong(2, seq);
        var rows = statement.executeQuery();
        List<String> found = new ArrayList<>();
        while (rows.next()) {
          found.add(rows.getString(1));
        }
        return found;
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void refuse(ByteString body) {
      StringBuilder hex = new StringBuilder();
      body.forEach(b -> hex.append(String.format("%02x", b)));
      update("alter table messages add check (body <> '\\x" + hex + "'::bytea)");
    }

    @Override
    public void forgetAbove(ConversationId conversation, long seq) {
      update("delete from messages" + OF_CONVERSATION + " and seq > ?", conversation.value(), seq);
    }

    @Override
    public String title(ConversationId conversation) {
      try (Connection connection = TestPostgres.connect(uri);
          PreparedStatement statement =
              connection.prepareStatement("select title from conversations where name = ?")) {
        statement.setString(1, conversation.value());
        var rows = statement.executeQuery();
        rows.next();
        return rows.getString(1);
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    private void update(String sql, Object... values) {
      try (Connection connection = TestPostgres.connect(uri);
          PreparedStatement statement = connection.prepareStatement(sql)) {
        for (int i = 0; i < values.length; i++) {
          statement.setObject(i + 1, values[i]);
        }
        statement.executeUpdate();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() {
      Awaiting.await(postgres.close());
      Awaiting.await(vertx.close());
    }
  }
}
