package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Gathers what one verticle has for sessions anywhere in one turn: each event loop of this node
 * gets one message, and so does each other node on which one of the users is, or may be. Belongs to
 * one event loop.
 */
public final class Outreach {
  private final NodeId self;
  private final int index;
  private final Bus bus;
  private final Registry registry;
  private final Whereabouts whereabouts;
  private final Peers peers;
  private final LocalPost here;
  private final Map<NodeId, Parcel> elsewhere = new HashMap<>();

  /**
   * @param index of the verticle: what it sends to another node all goes to one address there, so
   *     it stays in order
   * @param registry the sessions of this node
   */
  public Outreach(int index, Bus bus, Registry registry, Whereabouts whereabouts, Peers peers) {
    this.self = peers.self();
    this.index = index;
    this.bus = bus;
    this.registry = registry;
    this.whereabouts = whereabouts;
    this.peers = peers;
    this.here = new LocalPost(bus, registry);
  }

  /** Tells the origin of an append what became of it. */
  public void answer(Append append, AppendAnswer.Verdict verdict) {
    SessionAddress origin = append.origin();
    AppendAnswer answer =
        new AppendAnswer(
            origin.session(), append.link(), append.number(), append.attempt(), verdict);
    if (isHere(origin.loop().node())) {
      here.answer(origin.loop(), answer);
    } else {
      parcel(origin.loop().node())
          .answers
          .add(new NodeParcel.LoopAnswer(origin.loop().index(), answer));
    }
  }

  /** Tells everybody who is connected about committed entries. */
  public void announce(Announcement announced) {
    here.announce(announced);
    byNode(announced.audience())
        .forEach(
            (node, users) ->
                parcel(node)
                    .announcements
                    .add(
                        new Announcement(
                            announced.conversation(),
                            announced.messages(),
                            announced.origins(),
                            users)));
  }

  public void receipt(NodeParcel.UserReceipt receipt) {
    here.receipt(receipt);
    nodesOf(receipt.to()).forEach(node -> parcel(node).receipts.add(receipt));
  }

  /**
   * Tells everybody who is connected that somebody is writing, but for the session he writes in.
   *
   * @param members of the conversation, the one who is writing among them
   */
  public void whisper(Whisper whisper, Collection<UserId> members) {
    List<UserId> all = List.copyOf(members);
    here.writing(new NodeParcel.Writing(whisper, all));
    byNode(all)
        .forEach(
            (node, users) -> parcel(node).writings.add(new NodeParcel.Writing(whisper, users)));
  }

  public void muting(NodeParcel.Muting muting) {
    here.muting(muting);
    nodesOf(muting.user()).forEach(node -> parcel(node).mutings.add(muting));
  }

  /** True if he is connected nowhere; false also if that is not known. */
  public boolean isAbsent(UserId user) {
    if (!registry.locate(user).isEmpty()) {
      return false;
    }
    Optional<Set<NodeId>> nodes = whereabouts.nodesOf(user);
    return nodes.isPresent() && nodes.get().stream().allMatch(this::isHere);
  }

  /**
   * Sends what has been gathered since the last flush. What finds no room is lost: it is a hint.
   */
  public void flush() {
    here.flush();
    if (!elsewhere.isEmpty()) {
      Map<NodeId, Peers.Peer> known = new HashMap<>();
      peers.now().forEach(peer -> known.put(peer.id(), peer));
      elsewhere.forEach(
          (node, parcel) -> {
            Peers.Peer peer = known.get(node);
            if (peer != null) {
              bus.send(new Address.Post(node, index % peer.instances()), parcel.sealed());
            }
          });
      elsewhere.clear();
    }
  }

  private boolean isHere(NodeId node) {
    return node.equals(self);
  }

  private Map<NodeId, List<UserId>> byNode(List<UserId> users) {
    Map<NodeId, List<UserId>> byNode = Map.of();
    for (UserId user : users) {
      for (NodeId node : nodesOf(user)) {
        if (byNode.isEmpty()) {
          byNode = new HashMap<>(4);
        }
        byNode.computeIfAbsent(node, unused -> new ArrayList<>()).add(user);
      }
    }
    return byNode;
  }

  /** The other ones; all of them, if it is not known. */
  private Collection<NodeId> nodesOf(UserId user) {
    Optional<Set<NodeId>> nodes = whereabouts.nodesOf(user);
    if (nodes.isEmpty()) {
      return others();
    }
    Set<NodeId> known = nodes.get();
    if (known.isEmpty() || known.size() == 1 && known.contains(self)) {
      return List.of();
    }
    List<NodeId> other = new ArrayList<>(known);
    other.remove(self);
    return other;
  }

  private List<NodeId> others() {
    List<Peers.Peer> all = peers.now();
    if (all.size() < 2) {
      return List.of();
    }
    return all.stream().map(Peers.Peer::id).filter(node -> !isHere(node)).toList();
  }

  private Parcel parcel(NodeId node) {
    return elsewhere.computeIfAbsent(node, unused -> new Parcel());
  }

  private static final class Parcel {
    final List<NodeParcel.LoopAnswer> answers = new ArrayList<>();
    final List<Announcement> announcements = new ArrayList<>();
    final List<NodeParcel.UserReceipt> receipts = new ArrayList<>(0);
    final List<NodeParcel.Writing> writings = new ArrayList<>(0);
    final List<NodeParcel.Muting> mutings = new ArrayList<>(0);

    NodeParcel sealed() {
      return new NodeParcel(answers, announcements, receipts, writings, List.of(), mutings);
    }
  }
}
