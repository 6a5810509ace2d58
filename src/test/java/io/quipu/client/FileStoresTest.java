package io.quipu.client;

import static io.quipu.client.ScriptedServer.AB;
import static io.quipu.client.ScriptedServer.ALICE;
import static io.quipu.client.ScriptedServer.BOB;
import static io.quipu.client.ScriptedServer.await;
import static io.quipu.client.ScriptedServer.fromBob;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.quipu.client.ScriptedServer.Dress;
import io.quipu.client.ScriptedServer.Peer;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Cursor;
import io.quipu.model.UserId;
import io.quipu.protocol.Frame;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileStoresTest {
  private static final ConversationId AC = ConversationId.direct(ALICE, new UserId("carol"));

  @TempDir Path directory;
  private Vertx vertx;

  @BeforeEach
  void open() {
    vertx = Vertx.vertx();
  }

  @AfterEach
  void close() {
    await(vertx.close());
  }

  private FileCursorStore cursors(Path path) {
    return new FileCursorStore(vertx, path, false);
  }

  private static PendingSend text(int n) {
    return new PendingSend(
        new UUID(0x7000, n), new To.Conversation(AB), Content.Text.of("text " + n));
  }

  @Test
  void cursorsComeBack() {
    Path path = directory.resolve("deep/er/cursors");
    FileCursorStore store = new FileCursorStore(vertx, path, true);
    assertThat(await(store.load())).isEmpty();
    List<Future<Void>> puts = new ArrayList<>();
    for (long seq = 1; seq <= 100; seq++) {
      puts.add(store.put(AB, seq));
    }
    puts.add(store.put(AC, 7));
    puts.add(store.put(AC, 3)); // a reset
    await(Future.all(puts));
    await(store.close());
    assertThat(await(cursors(path).load())).isEqualTo(Map.of(AB, 100L, AC, 3L));
  }

  @Test
  void theMarkOfReceiptsComesBack() {
    Path path = directory.resolve("cursors");
    FileCursorStore store = cursors(path);
    await(store.load());
    assertThat(await(store.loadReceiptsMark())).isZero();
    await(store.put(AB, 4));
    await(store.putReceiptsMark(918_273));
    await(store.close());
    FileCursorStore again = cursors(path);
    assertThat(await(again.load())).isEqualTo(Map.of(AB, 4L));
    assertThat(await(again.loadReceiptsMark())).isEqualTo(918_273);
    await(again.close());
  }

  @Test
  void aWriteThatWasCutAtAnyByteLeavesWhatWasThereBefore() throws IOException {
    Path path = directory.resolve("cursors");
    RecordFile file = RecordFile.open(path, false, record -> {});
    List<byte[]> records = List.of(new byte[] {1}, new byte[] {2, 2, 2}, new byte[40]);
    List<Long> ends = new ArrayList<>(List.of(0L));
    for (byte[] record : records) {
      file.append(List.of(record));
      ends.add(file.sizeBytes());
    }
    file.close();
    byte[] whole = Files.readAllBytes(path);
    for (int length = 0; length <= whole.length; length++) {
      Path cut = directory.resolve("cut");
      Files.write(cut, Arrays.copyOf(whole, length));
      long at = length;
      int kept = (int) ends.stream().filter(end -> end > 0 && end <= at).count();
      List<byte[]> read = new ArrayList<>();
      RecordFile again = RecordFile.open(cut, false, read::add);
      assertThat(read).as("cut at " + length).hasSize(kept);
      again.append(List.of(new byte[] {9}));
      again.close();
      List<byte[]> after = new ArrayList<>();
      RecordFile.open(cut, false, after::add).close();
      assertThat(after).as("appended after a cut at " + length).hasSize(kept + 1);
      assertThat(after.get(kept)).containsExactly(9);
    }
  }

  @Test
  void aDamagedRecordIsNotRead() throws IOException {
    Path path = directory.resolve("records");
    RecordFile file = RecordFile.open(path, false, record -> {});
    file.append(List.of(new byte[] {1}, new byte[] {2}));
    file.close();
    byte[] whole = Files.readAllBytes(path);
    whole[whole.length - 1] ^= 1;
    Files.write(path, whole);
    List<byte[]> read = new ArrayList<>();
    RecordFile.open(path, false, read::add).close();
    assertThat(read).hasSize(1);
  }

  @Test
  void aCrashWhileTheFileIsWrittenAnewLeavesTheOldOne() throws IOException {
    Path path = directory.resolve("records");
    RecordFile file = RecordFile.open(path, true, record -> {});
    file.append(List.of(new byte[] {1}, new byte[] {2}));
    Files.write(directory.resolve("records.new"), new byte[] {0, 0}); // an unfinished one
    file.rewrite(List.of(new byte[] {2}));
    file.append(List.of(new byte[] {3}));
    file.close();
    List<byte[]> read = new ArrayList<>();
    RecordFile.open(path, false, read::add).close();
    assertThat(read).containsExactly(new byte[] {2}, new byte[] {3});
  }

  @Test
  void theFileStaysSmall() throws IOException {
    Path path = directory.resolve("cursors");
    FileCursorStore store = cursors(path);
    await(store.load());
    for (int round = 0; round < 40; round++) {
      List<Future<Void>> puts = new ArrayList<>();
      for (long seq = 1; seq <= 1_000; seq++) {
        puts.add(store.put(AB, round * 1_000L + seq));
      }
      await(Future.all(puts));
    }
    assertThat(Files.size(path)).isLessThan(600_000); // of 1.1 MB written
    await(store.close());
    assertThat(await(cursors(path).load())).isEqualTo(Map.of(AB, 40_000L));
  }

  @Test
  void twoClientsCannotHaveTheSameFile() {
    Path path = directory.resolve("cursors");
    FileCursorStore store = cursors(path);
    await(store.load());
    FileCursorStore other = cursors(path);
    assertThatThrownBy(() -> await(other.load())).hasMessageContaining("in use");
    await(store.close());
  }

  @Test
  void theOutboxComesBackInOrderWithoutWhatHasLeft() {
    Path path = directory.resolve("outbox");
    FileOutboxStore store = new FileOutboxStore(vertx, path, false);
    assertThat(await(store.load())).isEmpty();
    PendingSend group =
        new PendingSend(
            new UUID(0x7000, 50),
            new To.NewGroup(),
            new Content.Changed(new Change.Create("t", List.of(BOB))));
    PendingSend user =
        new PendingSend(
            new UUID(0x7000, 51),
            new To.User(BOB),
            new Content.Body(ByteString.copyFrom(new byte[] {0, -1})));
    await(Future.all(List.of(store.add(text(3)), store.add(text(1)), store.add(group))));
    await(Future.all(List.of(store.add(user), store.remove(text(3).id()))));
    await(store.close());
    FileOutboxStore again = new FileOutboxStore(vertx, path, false);
    assertThat(await(again.load())).containsExactly(text(1), group, user);
    await(again.close());
  }

  @Test
  void aCrashedClientSendsWhatItHadAndIsHandedOnlyWhatItHadNot() throws Exception {
    ScriptedServer server = ScriptedServer.start(vertx, Dress.TCP);
    BlockingQueue<Long> handed = new LinkedBlockingQueue<>();
    QuipuClient first = client(server, "run", handed, new LinkedBlockingQueue<>());
    first.start();
    Peer peer = server.accept();
    peer.greet();
    peer.send(new Frame.Deliver(fromBob(1, 2), false));
    while (peer.expect(Frame.DeliverAck.class).seq() < 2) {
      // the first one was kept alone
    }
    assertThat(handed.poll(10, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(handed.poll(10, TimeUnit.SECONDS)).isEqualTo(2);
    first.send(AB, "typed").onFailure(e -> {});
    Frame.Send send = peer.expect(Frame.Send.class);
    // a crash: the next run finds the files as they are now
    Path copy = directory.resolve("copy");
    Files.createDirectories(copy);
    for (String name : List.of("cursors", "outbox")) {
      Files.copy(
          directory.resolve("run").resolve(name),
          copy.resolve(name),
          StandardCopyOption.REPLACE_EXISTING);
    }
    BlockingQueue<ClientEvent> events = new LinkedBlockingQueue<>();
    QuipuClient second = client(server, "copy", handed, events);
    second.start();
    Peer next = server.accept();
    Frame.Sync sync = next.greet();
    assertThat(sync.cursors()).containsExactly(new Cursor(AB, 2));
    Frame.Send again = next.expectSend();
    assertThat(again.clientMessageId()).isEqualTo(send.clientMessageId());
    assertThat(again.resend()).isTrue();
    assertThat(again.content()).isEqualTo(Content.Text.of("typed"));
    next.ack(again, 3);
    assertThat(handed.poll(10, TimeUnit.SECONDS)).isEqualTo(3);
    ClientEvent event = events.poll(10, TimeUnit.SECONDS);
    while (!(event instanceof ClientEvent.RestoredSendStored)) {
      assertThat(event).isNotNull();
      event = events.poll(10, TimeUnit.SECONDS);
    }
    await(first.close());
    await(second.close());
  }

  private QuipuClient client(
      ScriptedServer server,
      String run,
      BlockingQueue<Long> handed,
      BlockingQueue<ClientEvent> events) {
    return QuipuClient.builder(vertx)
        .server(server.uri())
        .token("token")
        .device("phone")
        .cursors(cursors(directory.resolve(run).resolve("cursors")))
        .outbox(new FileOutboxStore(vertx, directory.resolve(run).resolve("outbox"), false))
        .onMessage(
            message -> {
              handed.add(message.seq());
              return Future.succeededFuture();
            })
        .onEvent(events::add)
        .build();
  }
}
