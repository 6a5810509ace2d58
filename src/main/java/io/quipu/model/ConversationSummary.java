package io.quipu.model;

import java.util.Optional;

/**
 * A conversation as one of its users finds it in his list.
 *
 * @param title of a group, else empty
 * @param role his own; empty in direct conversations
 * @param present he is a member now
 * @param members now
 * @param settings of a group
 * @param last the newest message (no change) that he may see
 * @param tailSeq the last seq that he may see
 * @param readSeq his read mark; 0 = none
 * @param unread messages of others after it
 * @param unreadMore there are more than unread says
 * @param mutedUntilMs Unix time; 0 = not muted
 * @param blocked he has blocked the other one
 */
public record ConversationSummary(
    ConversationId conversation,
    String title,
    Optional<Role> role,
    boolean present,
    int members,
    GroupSettings settings,
    Optional<Message> last,
    long tailSeq,
    long readSeq,
    int unread,
    boolean unreadMore,
    long mutedUntilMs,
    boolean blocked) {}
