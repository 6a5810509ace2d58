package io.quipu.server.cluster;

import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.wire.BusWire;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.metrics.AddressKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Reads one envelope. Throws QuipuException or IllegalArgumentException at what no version would
 * have written; what only a newer one would, is left out and counted.
 */
final class BusFromWire {
  private static final int DOMAIN_CODES = 400;
  private static final int TRANSIENT_CODES = 500;

  private final BusWire.Envelope wire;
  private final List<NodeId> nodes;
  private int leftOut;

  BusFromWire(BusWire.Envelope wire) {
    this.wire = wire;
    this.nodes = new ArrayList<>(wire.getNodesCount());
    for (String node : wire.getNodesList()) {
      nodes.add(new NodeId(node));
    }
  }

  /** How much of it only a newer version knows. */
  int leftOut() {
    return leftOut;
  }

  Envelope envelope() {
    return new Envelope(node(0), notNegative("number", wire.getNumber()), body());
  }

  private Envelope.Body body() {
    return switch (wire.getBodyCase()) {
      case HEARTBEAT -> heartbeat(wire.getHeartbeat());
      case TAKEN -> taken(wire.getTaken());
      case APPENDS -> {
        List<Append> appends = new ArrayList<>(wire.getAppends().getAppendsCount());
        for (BusWire.Append append : wire.getAppends().getAppendsList()) {
          appends.add(append(append));
        }
        yield new Envelope.Passing(new Appends(appends));
      }
      case WHISPER -> new Envelope.Passing(whisper(wire.getWhisper()));
      case PARCEL -> new Envelope.Passing(parcel(wire.getParcel()));
      case BODY_NOT_SET -> {
        leftOut++;
        yield new Envelope.Unknown();
      }
    };
  }

  private static Envelope.Heartbeat heartbeat(BusWire.Heartbeat heartbeat) {
    Peers.State state =
        switch (heartbeat.getState()) {
          case SERVING -> Peers.State.SERVING;
          case LEAVING -> Peers.State.LEAVING;
          case JOINING, STATE_UNSPECIFIED, UNRECOGNIZED -> Peers.State.JOINING;
        };
    return new Envelope.Heartbeat(
        state, notNegative("beat", heartbeat.getBeat()), heartbeat.getBusVersion());
  }

  private Envelope.Taken taken(BusWire.Taken taken) {
    List<Envelope.Stream> streams = new ArrayList<>(taken.getStreamsCount());
    for (BusWire.Taken.Stream stream : taken.getStreamsList()) {
      Optional<AddressKind> kind =
          switch (stream.getKind()) {
            case BUS -> Optional.of(AddressKind.BUS);
            case OWNER -> Optional.of(AddressKind.OWNER);
            case POST -> Optional.of(AddressKind.POST);
            case UNRECOGNIZED -> Optional.empty();
          };
      if (kind.isEmpty()) {
        leftOut++;
        continue;
      }
      streams.add(
          new Envelope.Stream(
              kind.get(),
              notNegative("index", stream.getIndex()),
              notNegative("number", stream.getNumber())));
    }
    return new Envelope.Taken(streams);
  }

  private NodeId node(int place) {
    if (place < 0 || place >= nodes.size() || nodes.get(place).value().isEmpty()) {
      throw new IllegalArgumentException("no node at place " + place);
    }
    return nodes.get(place);
  }

  private SessionAddress session(BusWire.SessionAddress address) {
    return new SessionAddress(
        new Address.Loop(node(address.getNode()), notNegative("loop", address.getLoop())),
        address.getSession());
  }

  private Optional<SessionAddress> except(boolean present, BusWire.SessionAddress address) {
    return present ? Optional.of(session(address)) : Optional.empty();
  }

  private static Content content(BusWire.Content content) {
    return switch (content.getGone()) {
      case HERE -> new StoredContent(content.getKind(), content.getBytes()).content();
      case ERASED -> new Content.Erased();
      case RECALLED -> new Content.Recalled();
      case UNKNOWN, UNRECOGNIZED -> new Content.Unknown();
    };
  }

  private Append append(BusWire.Append append) {
    return new Append(
        session(append.getOrigin()),
        append.getLink(),
        notNegative("number", append.getNumber()),
        append.getFirst(),
        notNegative("attempt", append.getAttempt()),
        append.getBetterRankedTried(),
        new ConversationId(append.getConversation()),
        append.getSenderKey(),
        new UserId(append.getSender()),
        new UUID(append.getIdHigh(), append.getIdLow()),
        append.getResend(),
        content(append.getContent()),
        append.getSystem());
  }

  private Whisper whisper(BusWire.Whisper whisper) {
    return new Whisper(
        session(whisper.getOrigin()),
        new ConversationId(whisper.getConversation()),
        new UserId(whisper.getUser()));
  }

  private NodeParcel parcel(BusWire.NodeParcel parcel) {
    List<NodeParcel.LoopAnswer> answers = new ArrayList<>(parcel.getAnswersCount());
    for (BusWire.LoopAnswer answer : parcel.getAnswersList()) {
      answer(answer).ifPresent(answers::add);
    }
    List<Announcement> announcements = new ArrayList<>(parcel.getAnnouncementsCount());
    for (BusWire.Announcement announcement : parcel.getAnnouncementsList()) {
      announcements.add(announcement(announcement));
    }
    List<NodeParcel.UserReceipt> receipts = new ArrayList<>(parcel.getReceiptsCount());
    for (BusWire.UserReceipt receipt : parcel.getReceiptsList()) {
      receipt(receipt).ifPresent(receipts::add);
    }
    List<NodeParcel.Writing> writings = new ArrayList<>(parcel.getWritingsCount());
    for (BusWire.Writing writing : parcel.getWritingsList()) {
      writings.add(
          new NodeParcel.Writing(whisper(writing.getWhisper()), users(writing.getToList())));
    }
    List<NodeParcel.Newcomer> newcomers = new ArrayList<>(parcel.getNewcomersCount());
    for (BusWire.Newcomer newcomer : parcel.getNewcomersList()) {
      newcomers.add(
          new NodeParcel.Newcomer(
              new UserId(newcomer.getUser()),
              new DeviceId(newcomer.getDevice()),
              newcomer.getGeneration()));
    }
    List<NodeParcel.Muting> mutings = new ArrayList<>(parcel.getMutingsCount());
    for (BusWire.Muting muting : parcel.getMutingsList()) {
      mutings.add(
          new NodeParcel.Muting(
              new UserId(muting.getUser()),
              except(muting.hasExcept(), muting.getExcept()),
              new ConversationId(muting.getConversation()),
              muting.getUntilMs()));
    }
    return new NodeParcel(answers, announcements, receipts, writings, newcomers, mutings);
  }

  /** Nothing for a verdict that is not known: for its session it is as if the answer were lost. */
  private Optional<NodeParcel.LoopAnswer> answer(BusWire.LoopAnswer answer) {
    Verdict verdict;
    switch (answer.getVerdictCase()) {
      case STORED ->
          verdict =
              new Verdict.Stored(
                  atLeastOne("seq", answer.getStored().getSeq()),
                  answer.getStored().getStoredAtMs(),
                  answer.getStored().getDuplicate());
      case REFUSED -> verdict = refused(answer.getRefused());
      case NOT_TAKEN -> verdict = new Verdict.NotTaken(reason(answer.getNotTaken().getReason()));
      default -> {
        leftOut++;
        return Optional.empty();
      }
    }
    return Optional.of(
        new NodeParcel.LoopAnswer(
            notNegative("loop", answer.getLoop()),
            new AppendAnswer(
                answer.getSession(),
                answer.getLink(),
                notNegative("number", answer.getNumber()),
                notNegative("attempt", answer.getAttempt()),
                verdict)));
  }

  /**
   * A code that is not known becomes one that asks the same of the client: what is certain about
   * the send stays as it was said.
   */
  private Verdict refused(BusWire.Refused refused) {
    Outcome outcome = refused.getNotApplied() ? Outcome.NOT_APPLIED : Outcome.UNKNOWN;
    Optional<ErrorCode> known = ErrorCode.of(refused.getCode());
    if (known.isPresent()) {
      return new Verdict.Refused(known.get(), outcome, refused.getDetail());
    }
    leftOut++;
    int code = refused.getCode();
    ErrorCode nearest = ErrorCode.BUG;
    if (code >= DOMAIN_CODES && code < TRANSIENT_CODES) {
      nearest = ErrorCode.OWNER_BUSY;
    } else if (code < DOMAIN_CODES && outcome == Outcome.NOT_APPLIED) {
      nearest = ErrorCode.NOT_SUPPORTED;
    }
    return new Verdict.Refused(nearest, outcome, "code " + code + ": " + refused.getDetail());
  }

  private static AppendAnswer.Reason reason(BusWire.NotTaken.Reason reason) {
    return switch (reason) {
      case LINK_GAP -> AppendAnswer.Reason.LINK_GAP;
      case NOT_OWNER -> AppendAnswer.Reason.NOT_OWNER;
      case STORE_DOWN -> AppendAnswer.Reason.STORE_DOWN;
      case BUSY, UNRECOGNIZED -> AppendAnswer.Reason.BUSY;
    };
  }

  private Announcement announcement(BusWire.Announcement announcement) {
    int entries = announcement.getEntriesCount();
    List<Message> messages = new ArrayList<>(entries);
    List<SessionAddress> origins = new ArrayList<>(entries);
    for (BusWire.Entry entry : announcement.getEntriesList()) {
      if (!messages.isEmpty() && entry.getSeq() != messages.get(messages.size() - 1).seq() + 1) {
        throw new IllegalArgumentException("seqs of an announcement are consecutive");
      }
      messages.add(
          new Message(
              entry.getSeq(),
              new UserId(entry.getSender()),
              new UUID(entry.getIdHigh(), entry.getIdLow()),
              entry.getStoredAtMs(),
              content(entry.getContent()),
              entry.getAmendedBySeq()));
      origins.add(session(entry.getOrigin()));
    }
    atLeastOne("entries", entries);
    return new Announcement(
        new ConversationId(announcement.getConversation()),
        messages,
        origins,
        users(announcement.getAudienceList()));
  }

  private Optional<NodeParcel.UserReceipt> receipt(BusWire.UserReceipt receipt) {
    ReceiptState state;
    switch (receipt.getState()) {
      case STORED_OFFLINE -> state = ReceiptState.STORED_OFFLINE;
      case DELIVERED -> state = ReceiptState.DELIVERED;
      case READ -> state = ReceiptState.READ;
      default -> {
        leftOut++;
        return Optional.empty();
      }
    }
    return Optional.of(
        new NodeParcel.UserReceipt(
            new UserId(receipt.getTo()),
            except(receipt.hasExcept(), receipt.getExcept()),
            new ConversationId(receipt.getConversation()),
            new UserId(receipt.getOf()),
            state,
            receipt.getSeq()));
  }

  private static List<UserId> users(List<String> names) {
    List<UserId> users = new ArrayList<>(names.size());
    for (String name : names) {
      users.add(new UserId(name));
    }
    return users;
  }

  private static int notNegative(String what, int value) {
    return (int) notNegative(what, (long) value);
  }

  private static long notNegative(String what, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " " + value);
    }
    return value;
  }

  private static long atLeastOne(String what, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " " + value);
    }
    return value;
  }
}
