package io.quipu.protocol;

import com.google.protobuf.ByteString;
import io.quipu.model.Advice;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ConversationSummary;
import io.quipu.model.Cursor;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Gap;
import io.quipu.model.GroupSettings;
import io.quipu.model.Limits;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.Outcome;
import io.quipu.model.ReactionCount;
import io.quipu.model.ReceiptState;
import io.quipu.model.Retention;
import io.quipu.model.Role;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;

/** Valid frames of every type from a seed: what a codec must bring back as it was. */
final class RandomFrames {
  private static final List<String> LETTERS =
      List.of("a", "Z", "0", ".", "-", "_", "@", "é", "ß", "漢", "я", "😀", "\\", "\"");

  /** Every frame that can be encoded, in the order of the schema. */
  static final List<Function<RandomFrames, Frame>> TYPES =
      List.of(
          RandomFrames::connect,
          RandomFrames::connected,
          r -> new Frame.Renew(r.text(300)),
          r -> new Frame.Renewed(r.anyLong()),
          RandomFrames::send,
          r ->
              new Frame.SendAck(
                  r.number(), r.uuid(), r.conversation(), r.place(), r.anyLong(), r.flag()),
          RandomFrames::sendRejected,
          r -> new Frame.Deliver(r.range(), r.flag()),
          r -> new Frame.DeliverAck(r.conversation(), r.place()),
          r -> new Frame.AckConfirm(r.conversation(), r.position()),
          r ->
              new Frame.Receipt(
                  r.conversation(), r.user(), r.oneOf(ReceiptState.values()), r.position()),
          r -> new Frame.Sync(r.number(), r.many(r::cursor), r.flag(), r.flag(), r.position()),
          r -> new Frame.SyncPage(r.number(), r.number(), r.many(r::range), r.many(r::cursor)),
          r -> new Frame.SyncAck(r.number(), r.number()),
          r -> new Frame.SyncDone(r.number(), r.number(), r.position(), r.position()),
          r -> new Frame.SendStatus(r.number(), r.conversation(), r.uuid(), r.flag()),
          RandomFrames::sendStatusResult,
          r -> new Frame.ReadMark(r.conversation(), r.place()),
          r -> new Frame.Typing(r.conversation(), r.maybe(r::user)),
          r -> new Frame.Presence(r.user(), r.flag(), r.anyLong()),
          r -> new Frame.Tail(r.conversation(), r.position()),
          r -> new Frame.Ping(r.anyLong()),
          r -> new Frame.Pong(r.anyLong(), r.anyLong()),
          r -> new Frame.GoAway(r.number(), r.oneOf(Advice.values()), r.number(), r.text(40)),
          RandomFrames::error,
          r ->
              new Frame.History(
                  r.number(),
                  r.conversation(),
                  r.position(),
                  r.position(),
                  r.number(),
                  r.position()),
          r ->
              new Frame.HistoryPage(
                  r.number(), r.range(), r.flag(), r.flag(), r.many(r::reactionCount)),
          r ->
              new Frame.Conversations(r.number(), r.text(20), r.number(), r.maybe(r::conversation)),
          r -> new Frame.ConversationsPage(r.number(), r.many(r::summary), r.text(20)),
          r -> new Frame.Members(r.number(), r.conversation(), r.text(20), r.number()),
          r -> new Frame.MembersPage(r.number(), r.many(r::member), r.text(20)),
          r -> new Frame.Receipts(r.number(), r.conversation(), r.text(20), r.number()),
          r ->
              new Frame.ReceiptsPage(
                  r.number(), r.conversation(), r.many(r::memberReceipt), r.text(20)),
          r -> new Frame.Mute(r.conversation(), r.position()),
          r -> new Frame.WatchPresence(r.many(r::user)));

  private final Random random;

  RandomFrames(long seed) {
    this.random = new Random(seed);
  }

  Frame next() {
    return TYPES.get(random.nextInt(TYPES.size())).apply(this);
  }

  private Frame connect() {
    return new Frame.Connect(number(), text(200), new DeviceId(name(10)), text(30));
  }

  private Frame connected() {
    return new Frame.Connected(
        number(),
        user(),
        new DeviceId(name(10)),
        anyLong(),
        text(20),
        anyLong(),
        anyLong(),
        flag(),
        new Limits(
            number(), number(), number(), number(), number(), number(), number(), number(),
            number(), number(), number(), number(), number(), number(), number(), number(),
            number(), number(), number(), number()));
  }

  private Frame send() {
    if (random.nextInt(5) == 0) {
      Change create = new Change.Create(text(50), many(this::user), settings());
      return new Frame.Send(
          place32(),
          uuid(),
          Optional.empty(),
          Optional.empty(),
          flag(),
          new Content.Changed(create));
    }
    boolean named = flag();
    return new Frame.Send(
        place32(),
        uuid(),
        named ? Optional.of(conversation()) : Optional.empty(),
        named ? Optional.empty() : Optional.of(user()),
        flag(),
        sendContent());
  }

  private Frame sendRejected() {
    ErrorCode code = oneOf(ErrorCode.values());
    return new Frame.SendRejected(
        number(),
        flag() ? uuid() : new UUID(0, 0),
        maybe(this::conversation),
        code,
        oneOf(Outcome.values()),
        number(),
        number(),
        text(60));
  }

  private Frame sendStatusResult() {
    return new Frame.SendStatusResult(
        number(), conversation(), uuid(), oneOf(SendState.values()), position(), anyLong());
  }

  private Frame error() {
    return new Frame.Error(
        number(), oneOf(Advice.values()), number(), text(40), maybe(this::conversation), number());
  }

  private Content sendContent() {
    return switch (random.nextInt(4)) {
      case 0 -> Content.Text.of(text(200));
      case 1, 2 -> new Content.Body(bytes(300));
      default -> new Content.Changed(change());
    };
  }

  private Change change() {
    return switch (random.nextInt(11)) {
      case 0 -> new Change.Add(List.of(user(), user()));
      case 1 -> new Change.Remove(List.of(user()));
      case 2 -> new Change.Rename(text(40));
      case 3 -> new Change.SetRole(user(), oneOf(Role.values()));
      case 4 -> new Change.Configure(GroupSettings.DEFAULT.with(settings()));
      case 5 ->
          new Change.Edit(place(), flag() ? Content.Text.of(text(50)) : new Content.Body(bytes(9)));
      case 6 -> new Change.Recall(place());
      case 7 -> new Change.React(place(), name(7), flag());
      case 8 -> new Change.Block();
      case 9 -> new Change.Unblock();
      default -> flag() ? new Change.Leave() : new Change.EraseUser();
    };
  }

  private GroupSettings settings() {
    return new GroupSettings(
        maybe(() -> oneOf(GroupSettings.History.values())),
        maybe(() -> oneOf(GroupSettings.WhoAdds.values())),
        maybe(this::retention));
  }

  private Retention retention() {
    return switch (random.nextInt(3)) {
      case 0 -> new Retention.AsServer();
      case 1 -> new Retention.ForEver();
      default -> new Retention.Days(1 + random.nextInt(Retention.MAX_DAYS));
    };
  }

  private Content anyContent() {
    return switch (random.nextInt(8)) {
      case 0 -> flag() ? new Content.Erased() : new Content.Recalled();
      case 1 -> new Content.Changed(new Change.Create(text(50), many(this::user), settings()));
      default -> sendContent();
    };
  }

  private MessageRange range() {
    long from = 1L + random.nextInt(1_000_000);
    long to = from - 1 + random.nextInt(6);
    List<Message> messages = new ArrayList<>();
    List<Gap> gaps = new ArrayList<>();
    for (long seq = from; seq <= to; seq++) {
      if (random.nextInt(4) == 0) {
        gaps.add(new Gap(seq, seq, oneOf(Gap.Reason.values())));
      } else {
        messages.add(message(seq));
      }
    }
    return new MessageRange(conversation(), from, to, messages, gaps);
  }

  private Message message(long seq) {
    return new Message(
        seq, user(), uuid(), anyLong(), anyContent(), flag() ? 0 : seq + 1 + random.nextInt(9));
  }

  private ConversationSummary summary() {
    return new ConversationSummary(
        conversation(),
        text(20),
        maybe(() -> oneOf(Role.values())),
        flag(),
        number(),
        settings(),
        maybe(() -> message(1L + random.nextInt(100))),
        position(),
        position(),
        number(),
        flag(),
        anyLong(),
        flag());
  }

  private Member member() {
    return new Member(user(), oneOf(Role.values()), position());
  }

  private MemberReceipt memberReceipt() {
    return new MemberReceipt(user(), position(), position(), position());
  }

  private ReactionCount reactionCount() {
    return new ReactionCount(place(), name(5), number(), flag());
  }

  private Cursor cursor() {
    return new Cursor(conversation(), position());
  }

  private ConversationId conversation() {
    return flag() ? ConversationId.direct(user(), user()) : ConversationId.group(user(), uuid());
  }

  private UserId user() {
    return new UserId(name(12));
  }

  private UUID uuid() {
    return new UUID(random.nextLong() | 1, random.nextLong());
  }

  private String name(int maxLetters) {
    StringBuilder name = new StringBuilder();
    int count = 1 + random.nextInt(maxLetters);
    for (int i = 0; i < count; i++) {
      name.append(LETTERS.get(random.nextInt(LETTERS.size())));
    }
    return name.toString();
  }

  /** Anything but control characters, and at most four bytes a letter. */
  private String text(int maxBytes) {
    return random.nextInt(8) == 0 ? "" : name(Math.max(1, maxBytes / 4)) + (flag() ? " ~/" : "");
  }

  private ByteString bytes(int max) {
    byte[] bytes = new byte[random.nextInt(max)];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  private long anyLong() {
    return switch (random.nextInt(5)) {
      case 0 -> 0;
      case 1 -> Long.MAX_VALUE;
      case 2 -> Long.MIN_VALUE;
      case 3 -> random.nextInt(200);
      default -> random.nextLong();
    };
  }

  private long position() {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> Long.MAX_VALUE;
      default -> random.nextLong() >>> (1 + random.nextInt(60));
    };
  }

  private long place() {
    return Math.max(1, position());
  }

  private int number() {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> Integer.MAX_VALUE;
      default -> random.nextInt() >>> (1 + random.nextInt(28));
    };
  }

  private int place32() {
    return Math.max(1, number());
  }

  private boolean flag() {
    return random.nextBoolean();
  }

  private <T> T oneOf(T[] all) {
    return all[random.nextInt(all.length)];
  }

  private <T> Optional<T> maybe(Supplier<T> value) {
    return flag() ? Optional.of(value.get()) : Optional.empty();
  }

  private <T> List<T> many(Supplier<T> element) {
    List<T> all = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      all.add(element.get());
    }
    return all;
  }
}
