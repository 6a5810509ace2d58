package io.quipu.protocol;

import io.quipu.model.ConversationSummary;
import io.quipu.model.GroupSettings;
import io.quipu.model.Member;
import io.quipu.model.MemberReceipt;
import io.quipu.model.ReactionCount;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import io.quipu.protocol.wire.Conversations;
import io.quipu.protocol.wire.ConversationsPage;
import io.quipu.protocol.wire.Members;
import io.quipu.protocol.wire.MembersPage;
import io.quipu.protocol.wire.Receipts;
import io.quipu.protocol.wire.ReceiptsPage;
import java.util.Optional;

/** The frames of lists, both ways. */
final class ListCodec {
  private ListCodec() {}

  static Conversations toWire(Frame.Conversations f) {
    return Conversations.newBuilder()
        .setRequest(f.request())
        .setPage(f.page())
        .setLimit(f.limit())
        .setConversation(ToWire.name(f.only()))
        .build();
  }

  static Frame frame(Conversations wire) {
    return new Frame.Conversations(
        FromWire.number(wire.getRequest()),
        wire.getPage(),
        FromWire.amount(wire.getLimit()),
        FromWire.optionalConversation(wire.getConversation()));
  }

  static ConversationsPage toWire(Frame.ConversationsPage f) {
    return ConversationsPage.newBuilder()
        .setRequest(f.request())
        .addAllConversations(f.conversations().stream().map(ListCodec::toWire).toList())
        .setNextPage(f.nextPage())
        .build();
  }

  static Frame frame(ConversationsPage wire) {
    return new Frame.ConversationsPage(
        FromWire.number(wire.getRequest()),
        wire.getConversationsList().stream().map(ListCodec::summary).toList(),
        wire.getNextPage());
  }

  private static io.quipu.protocol.wire.ConversationSummary toWire(ConversationSummary s) {
    var wire =
        io.quipu.protocol.wire.ConversationSummary.newBuilder()
            .setConversation(s.conversation().value())
            .setTitle(s.title())
            .setPresent(s.present())
            .setMembers(s.members())
            .setTailSeq(s.tailSeq())
            .setReadSeq(s.readSeq())
            .setUnread(s.unread())
            .setUnreadMore(s.unreadMore())
            .setMutedUntilMs(s.mutedUntilMs())
            .setBlocked(s.blocked());
    s.role().ifPresent(role -> wire.setRole(SettingsCodec.toWire(role)));
    if (!s.settings().equals(GroupSettings.UNCHANGED)) {
      wire.setSettings(SettingsCodec.toWire(s.settings()));
    }
    s.last().ifPresent(last -> wire.setLast(ToWire.message(last)));
    return wire.build();
  }

  private static ConversationSummary summary(io.quipu.protocol.wire.ConversationSummary wire) {
    return new ConversationSummary(
        FromWire.conversation(wire.getConversation()),
        wire.getTitle(),
        SettingsCodec.role(wire.getRole()),
        wire.getPresent(),
        FromWire.amount(wire.getMembers()),
        SettingsCodec.settings(wire.getSettings()),
        wire.hasLast() ? Optional.of(FromWire.message(wire.getLast())) : Optional.empty(),
        FromWire.position(wire.getTailSeq()),
        FromWire.position(wire.getReadSeq()),
        FromWire.amount(wire.getUnread()),
        wire.getUnreadMore(),
        wire.getMutedUntilMs(),
        wire.getBlocked());
  }

  static Members toWire(Frame.Members f) {
    return Members.newBuilder()
        .setRequest(f.request())
        .setConversation(f.conversation().value())
        .setPage(f.page())
        .setLimit(f.limit())
        .build();
  }

  static Frame frame(Members wire) {
    return new Frame.Members(
        FromWire.number(wire.getRequest()),
        FromWire.conversation(wire.getConversation()),
        wire.getPage(),
        FromWire.amount(wire.getLimit()));
  }

  static MembersPage toWire(Frame.MembersPage f) {
    return MembersPage.newBuilder()
        .setRequest(f.request())
        .addAllMembers(f.members().stream().map(ListCodec::toWire).toList())
        .setNextPage(f.nextPage())
        .build();
  }

  static Frame frame(MembersPage wire) {
    return new Frame.MembersPage(
        FromWire.number(wire.getRequest()),
        wire.getMembersList().stream().map(ListCodec::member).toList(),
        wire.getNextPage());
  }

  private static io.quipu.protocol.wire.Member toWire(Member m) {
    return io.quipu.protocol.wire.Member.newBuilder()
        .setUser(m.user().value())
        .setRole(SettingsCodec.toWire(m.role()))
        .setSinceSeq(m.sinceSeq())
        .build();
  }

  private static Member member(io.quipu.protocol.wire.Member wire) {
    return new Member(
        new UserId(wire.getUser()),
        SettingsCodec.role(wire.getRole()).orElse(Role.MEMBER),
        FromWire.position(wire.getSinceSeq()));
  }

  static Receipts toWire(Frame.Receipts f) {
    return Receipts.newBuilder()
        .setRequest(f.request())
        .setConversation(f.conversation().value())
        .setPage(f.page())
        .setLimit(f.limit())
        .build();
  }

  static Frame frame(Receipts wire) {
    return new Frame.Receipts(
        FromWire.number(wire.getRequest()),
        FromWire.conversation(wire.getConversation()),
        wire.getPage(),
        FromWire.amount(wire.getLimit()));
  }

  static ReceiptsPage toWire(Frame.ReceiptsPage f) {
    return ReceiptsPage.newBuilder()
        .setRequest(f.request())
        .setConversation(f.conversation().value())
        .addAllEntries(f.entries().stream().map(ListCodec::toWire).toList())
        .setNextPage(f.nextPage())
        .build();
  }

  static Frame frame(ReceiptsPage wire) {
    return new Frame.ReceiptsPage(
        FromWire.number(wire.getRequest()),
        FromWire.conversation(wire.getConversation()),
        wire.getEntriesList().stream().map(ListCodec::receipt).toList(),
        wire.getNextPage());
  }

  private static io.quipu.protocol.wire.MemberReceipt toWire(MemberReceipt r) {
    return io.quipu.protocol.wire.MemberReceipt.newBuilder()
        .setUser(r.user().value())
        .setDeliveredFirstSeq(r.deliveredFirstSeq())
        .setDeliveredAllSeq(r.deliveredAllSeq())
        .setReadSeq(r.readSeq())
        .build();
  }

  private static MemberReceipt receipt(io.quipu.protocol.wire.MemberReceipt wire) {
    return new MemberReceipt(
        new UserId(wire.getUser()),
        FromWire.position(wire.getDeliveredFirstSeq()),
        FromWire.position(wire.getDeliveredAllSeq()),
        FromWire.position(wire.getReadSeq()));
  }

  static io.quipu.protocol.wire.ReactionCount toWire(ReactionCount c) {
    return io.quipu.protocol.wire.ReactionCount.newBuilder()
        .setSeq(c.seq())
        .setKey(c.key())
        .setCount(c.count())
        .setOwn(c.own())
        .build();
  }

  static ReactionCount reactionCount(io.quipu.protocol.wire.ReactionCount wire) {
    return new ReactionCount(
        FromWire.place(wire.getSeq()),
        wire.getKey(),
        FromWire.amount(wire.getCount()),
        wire.getOwn());
  }
}
