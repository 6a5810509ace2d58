package io.quipu.server.cluster;

import io.quipu.model.Content;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.wire.BusWire;
import io.quipu.server.journal.StoredContent;
import io.quipu.server.metrics.AddressKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Writes one envelope. Nodes stand in a table, once each: many sessions of few nodes. */
final class BusToWire {
  private final List<NodeId> nodes = new ArrayList<>();

  BusToWire(NodeId self) {
    nodes.add(self);
  }

  /** Without a number. */
  BusWire.Envelope.Builder envelope(Envelope.Body body) {
    var wire = BusWire.Envelope.newBuilder();
    if (body instanceof Envelope.Passing passing) {
      put(wire, passing.message());
    } else if (body instanceof Envelope.Heartbeat heartbeat) {
      wire.setHeartbeat(
          BusWire.Heartbeat.newBuilder()
              .setState(state(heartbeat.state()))
              .setBeat(heartbeat.beat())
              .setBusVersion(heartbeat.busVersion()));
    } else if (body instanceof Envelope.Taken taken) {
      wire.setTaken(taken(taken));
    } else {
      throw new IllegalArgumentException("nobody sends what he does not know");
    }
    // The table is whole only now.
    for (NodeId node : nodes) {
      wire.addNodes(node.value());
    }
    return wire;
  }

  private void put(BusWire.Envelope.Builder wire, BusMessage message) {
    if (message instanceof Appends appends) {
      var all = BusWire.Appends.newBuilder();
      for (Append append : appends.appends()) {
        all.addAppends(append(append));
      }
      wire.setAppends(all);
    } else if (message instanceof NodeParcel parcel) {
      wire.setParcel(parcel(parcel));
    } else if (message instanceof Whisper whisper) {
      wire.setWhisper(whisper(whisper));
    } else {
      throw new IllegalArgumentException(
          message.getClass().getSimpleName() + " never leaves its node");
    }
  }

  private static BusWire.State state(Peers.State state) {
    return switch (state) {
      case JOINING -> BusWire.State.JOINING;
      case SERVING -> BusWire.State.SERVING;
      case LEAVING -> BusWire.State.LEAVING;
    };
  }

  private static BusWire.Taken.Builder taken(Envelope.Taken taken) {
    var wire = BusWire.Taken.newBuilder();
    for (Envelope.Stream stream : taken.streams()) {
      wire.addStreams(
          BusWire.Taken.Stream.newBuilder()
              .setKind(kind(stream.kind()))
              .setIndex(stream.index())
              .setNumber(stream.number()));
    }
    return wire;
  }

  private static BusWire.AddressKind kind(AddressKind kind) {
    return switch (kind) {
      case BUS -> BusWire.AddressKind.BUS;
      case OWNER -> BusWire.AddressKind.OWNER;
      case POST -> BusWire.AddressKind.POST;
    };
  }

  private BusWire.SessionAddress.Builder session(SessionAddress address) {
    return BusWire.SessionAddress.newBuilder()
        .setNode(placeOf(address.loop().node()))
        .setLoop(address.loop().index())
        .setSession(address.session());
  }

  private int placeOf(NodeId node) {
    int place = nodes.indexOf(node);
    if (place < 0) {
      place = nodes.size();
      nodes.add(node);
    }
    return place;
  }

  private static BusWire.Content.Builder content(Content content) {
    var wire = BusWire.Content.newBuilder();
    if (content instanceof Content.Erased) {
      return wire.setGone(BusWire.Content.Gone.ERASED);
    }
    if (content instanceof Content.Recalled) {
      return wire.setGone(BusWire.Content.Gone.RECALLED);
    }
    if (content instanceof Content.Unknown) {
      return wire.setGone(BusWire.Content.Gone.UNKNOWN);
    }
    StoredContent stored = StoredContent.of(content);
    return wire.setKind(stored.kind()).setBytes(stored.bytes());
  }

  private BusWire.Append.Builder append(Append append) {
    return BusWire.Append.newBuilder()
        .setOrigin(session(append.origin()))
        .setLink(append.link())
        .setNumber(append.number())
        .setFirst(append.first())
        .setAttempt(append.attempt())
        .setBetterRankedTried(append.betterRankedTried())
        .setConversation(append.conversation().value())
        .setSenderKey(append.senderKey())
        .setSender(append.sender().value())
        .setIdHigh(append.clientMessageId().getMostSignificantBits())
        .setIdLow(append.clientMessageId().getLeastSignificantBits())
        .setResend(append.resend())
        .setContent(content(append.content()))
        .setSystem(append.system());
  }

  private BusWire.Whisper.Builder whisper(Whisper whisper) {
    return BusWire.Whisper.newBuilder()
        .setOrigin(session(whisper.origin()))
        .setConversation(whisper.conversation().value())
        .setUser(whisper.user().value());
  }

  private BusWire.NodeParcel.Builder parcel(NodeParcel parcel) {
    var wire = BusWire.NodeParcel.newBuilder();
    for (NodeParcel.LoopAnswer answer : parcel.answers()) {
      wire.addAnswers(answer(answer.loop(), answer.answer()));
    }
    for (Announcement announcement : parcel.announcements()) {
      wire.addAnnouncements(announcement(announcement));
    }
    for (NodeParcel.UserReceipt receipt : parcel.receipts()) {
      wire.addReceipts(receipt(receipt));
    }
    for (NodeParcel.Writing writing : parcel.writings()) {
      var written = BusWire.Writing.newBuilder().setWhisper(whisper(writing.whisper()));
      for (UserId user : writing.to()) {
        written.addTo(user.value());
      }
      wire.addWritings(written);
    }
    for (NodeParcel.Newcomer newcomer : parcel.newcomers()) {
      wire.addNewcomers(
          BusWire.Newcomer.newBuilder()
              .setUser(newcomer.user().value())
              .setDevice(newcomer.device().value())
              .setGeneration(newcomer.generation()));
    }
    for (NodeParcel.Muting muting : parcel.mutings()) {
      var muted =
          BusWire.Muting.newBuilder()
              .setUser(muting.user().value())
              .setConversation(muting.conversation().value())
              .setUntilMs(muting.untilMs());
      except(muting.except()).ifPresent(muted::setExcept);
      wire.addMutings(muted);
    }
    return wire;
  }

  private Optional<BusWire.SessionAddress> except(Optional<SessionAddress> session) {
    return session.map(one -> session(one).build());
  }

  private static BusWire.LoopAnswer.Builder answer(int loop, AppendAnswer answer) {
    var wire =
        BusWire.LoopAnswer.newBuilder()
            .setLoop(loop)
            .setSession(answer.session())
            .setLink(answer.link())
            .setNumber(answer.number())
            .setAttempt(answer.attempt());
    if (answer.verdict() instanceof AppendAnswer.Verdict.Stored stored) {
      wire.setStored(
          BusWire.Stored.newBuilder()
              .setSeq(stored.seq())
              .setStoredAtMs(stored.storedAtMs())
              .setDuplicate(stored.duplicate()));
    } else if (answer.verdict() instanceof AppendAnswer.Verdict.Refused refused) {
      wire.setRefused(
          BusWire.Refused.newBuilder()
              .setCode(refused.code().code())
              .setNotApplied(refused.outcome() == Outcome.NOT_APPLIED)
              .setDetail(refused.detail()));
    } else if (answer.verdict() instanceof AppendAnswer.Verdict.NotTaken notTaken) {
      wire.setNotTaken(BusWire.NotTaken.newBuilder().setReason(reason(notTaken.reason())));
    }
    return wire;
  }

  private static BusWire.NotTaken.Reason reason(AppendAnswer.Reason reason) {
    return switch (reason) {
      case BUSY -> BusWire.NotTaken.Reason.BUSY;
      case LINK_GAP -> BusWire.NotTaken.Reason.LINK_GAP;
      case NOT_OWNER -> BusWire.NotTaken.Reason.NOT_OWNER;
      case STORE_DOWN -> BusWire.NotTaken.Reason.STORE_DOWN;
    };
  }

  private BusWire.Announcement.Builder announcement(Announcement announcement) {
    var wire =
        BusWire.Announcement.newBuilder().setConversation(announcement.conversation().value());
    for (int i = 0; i < announcement.messages().size(); i++) {
      Message message = announcement.messages().get(i);
      wire.addEntries(
          BusWire.Entry.newBuilder()
              .setSeq(message.seq())
              .setSender(message.sender().value())
              .setIdHigh(message.clientMessageId().getMostSignificantBits())
              .setIdLow(message.clientMessageId().getLeastSignificantBits())
              .setStoredAtMs(message.storedAtMs())
              .setContent(content(message.content()))
              .setAmendedBySeq(message.amendedBySeq())
              .setOrigin(session(announcement.origins().get(i))));
    }
    for (UserId user : announcement.audience()) {
      wire.addAudience(user.value());
    }
    return wire;
  }

  private BusWire.UserReceipt.Builder receipt(NodeParcel.UserReceipt receipt) {
    var wire =
        BusWire.UserReceipt.newBuilder()
            .setTo(receipt.to().value())
            .setConversation(receipt.conversation().value())
            .setOf(receipt.of().value())
            .setState(state(receipt.state()))
            .setSeq(receipt.seq());
    except(receipt.except()).ifPresent(wire::setExcept);
    return wire;
  }

  private static BusWire.ReceiptState state(ReceiptState state) {
    return switch (state) {
      case STORED_OFFLINE -> BusWire.ReceiptState.STORED_OFFLINE;
      case DELIVERED -> BusWire.ReceiptState.DELIVERED;
      case READ -> BusWire.ReceiptState.READ;
    };
  }
}
