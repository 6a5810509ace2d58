package io.quipu.server.cluster;

import io.quipu.model.ConversationId;
import io.quipu.model.DeviceId;
import io.quipu.model.ReceiptState;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;

/**
 * All that one verticle has for the sessions of another node after one turn. It names users: which
 * sessions they have is known there. Answers are handled before announcements, so a sender's {@code
 * SendAck n} is written before {@code Deliver > n}.
 */
public record NodeParcel(
    List<LoopAnswer> answers,
    List<Announcement> announcements,
    List<UserReceipt> receipts,
    List<Writing> writings,
    List<Newcomer> newcomers,
    List<Muting> mutings)
    implements BusMessage {
  public NodeParcel {
    answers = List.copyOf(answers);
    announcements = List.copyOf(announcements);
    receipts = List.copyOf(receipts);
    writings = List.copyOf(writings);
    newcomers = List.copyOf(newcomers);
    mutings = List.copyOf(mutings);
  }

  static NodeParcel ofNewcomer(Newcomer newcomer) {
    return new NodeParcel(List.of(), List.of(), List.of(), List.of(), List.of(newcomer), List.of());
  }

  /**
   * @param loop the event loop of the session that waits for it
   */
  public record LoopAnswer(int loop, AppendAnswer answer) {}

  /**
   * A watermark, for all sessions of a user but one.
   *
   * @param to whose sessions are told
   * @param except the session that caused it
   * @param of whose watermark it is
   */
  public record UserReceipt(
      UserId to,
      Optional<SessionAddress> except,
      ConversationId conversation,
      UserId of,
      ReceiptState state,
      long seq) {}

  /** Somebody is writing: for all sessions of these users but the one he writes in. */
  public record Writing(Whisper whisper, List<UserId> to) {
    public Writing {
      to = List.copyOf(to);
    }
  }

  /** A session of a device has begun: those of older generations give way. */
  public record Newcomer(UserId user, DeviceId device, long generation) {}

  /** A user has muted a conversation: for all his sessions but the one he said so in. */
  public record Muting(
      UserId user, Optional<SessionAddress> except, ConversationId conversation, long untilMs) {}
}
