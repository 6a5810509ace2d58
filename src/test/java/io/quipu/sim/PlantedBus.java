package io.quipu.sim;

import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.ErrorCode;
import io.quipu.model.Message;
import io.quipu.model.Outcome;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.AppendAnswer;
import io.quipu.server.cluster.AppendAnswer.Reason;
import io.quipu.server.cluster.AppendAnswer.Verdict;
import io.quipu.server.cluster.Appends;
import io.quipu.server.cluster.BusMessage;
import io.quipu.server.cluster.Outbound;
import io.quipu.server.journal.Journal.SendFate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;

/** The holes between sessions and owners: appends and answers are changed on their way. */
final class PlantedBus {
  private static final double OFTEN = 0.2;

  private final Hole hole;
  private final Scheduler scheduler;
  private final Faults faults;
  private final Ledger ledger;
  private final PlantedStore store;
  private BiConsumer<Address, BusMessage> deliver = (to, message) -> {};

  /** What an altered append was. */
  private final Map<Place, Append> originals = new HashMap<>();

  /** Links that an owner knows. */
  private final Map<Address, Set<Link>> known = new HashMap<>();

  /** Where the present run of a link began. */
  private final Map<Link, Integer> bases = new HashMap<>();

  /** Appends that an owner gave up. */
  private final Set<Place> givenUp = new HashSet<>();

  /** What each owner remembers of who is a member. */
  private final Map<Address, Map<String, Boolean>> memories = new HashMap<>();

  /** Removals that an owner has taken and not answered, and whom they remove. */
  private final Map<Address, Map<UUID, Set<String>>> removals = new HashMap<>();

  private long links;

  private record Link(Address.Loop loop, long session, long link) {}

  private record Place(Link link, int number, int attempt) {}

  PlantedBus(Hole hole, Scheduler scheduler, Faults faults, Ledger ledger, PlantedStore store) {
    this.hole = hole;
    this.scheduler = scheduler;
    this.faults = faults;
    this.ledger = ledger;
    this.store = store;
  }

  void attach(BiConsumer<Address, BusMessage> bus) {
    deliver = bus;
  }

  /** An owner has lost its memory. */
  void restarted(Address.Owner owner) {
    known.remove(owner);
    memories.remove(owner);
    removals.remove(owner);
  }

  // ---- from a verticle into the bus

  BusMessage leaving(Address from, BusMessage message) {
    if (message instanceof Appends appends && hole == Hole.RESTARTED_LINK_RENUMBERS) {
      return new Appends(appends.appends().stream().map(this::renumbered).toList());
    }
    if (message instanceof Outbound outbound && from instanceof Address.Owner owner) {
      outbound.answers().forEach(answer -> answered(owner, answer));
      outbound.deliveries().forEach(one -> committed(owner, one));
    }
    return message;
  }

  private Append renumbered(Append append) {
    Link link = link(append);
    if (append.first()) {
      bases.put(link, append.number() - 1);
    }
    int number = append.number() - bases.getOrDefault(link, 0);
    return altered(append, append.link(), number, append.first());
  }

  private void answered(Address.Owner owner, AppendAnswer answer) {
    if (answer.verdict() instanceof Verdict.NotTaken no && no.reason() == Reason.STORE_DOWN) {
      known.remove(owner);
    }
  }

  private void committed(Address.Owner owner, Outbound.Delivery delivery) {
    for (Message message : delivery.range().messages()) {
      Map<UUID, Set<String>> open = removals.get(owner);
      if (open != null) {
        open.remove(message.clientMessageId());
      }
      if (message.content() instanceof Content.Changed changed) {
        ConversationId conversation = delivery.range().conversation();
        Map<String, Boolean> memory = memories.computeIfAbsent(owner, key -> new HashMap<>());
        if (changed.change() instanceof Change.Add add) {
          add.members().forEach(user -> memory.put(member(user, conversation), true));
        } else {
          leaving(message.sender(), changed.change())
              .forEach(user -> memory.put(member(user, conversation), false));
        }
      }
    }
  }

  // ---- from the bus into a verticle

  BusMessage arriving(Address to, BusMessage message) {
    if (message instanceof Appends appends && to instanceof Address.Owner owner) {
      List<Append> taken = new ArrayList<>();
      for (Append append : appends.appends()) {
        arriving(owner, append).ifPresent(taken::add);
      }
      return new Appends(taken);
    }
    if (message instanceof Outbound outbound && !originals.isEmpty()) {
      Address.Loop loop = (Address.Loop) to;
      return new Outbound(
          outbound.answers().stream().map(answer -> original(loop, answer)).toList(),
          outbound.deliveries(),
          outbound.receipts(),
          outbound.kicks());
    }
    return message;
  }

  private AppendAnswer original(Address.Loop loop, AppendAnswer answer) {
    Link link = new Link(loop, answer.session(), answer.link());
    Append was = originals.get(new Place(link, answer.number(), answer.attempt()));
    return was == null
        ? answer
        : new AppendAnswer(
            answer.session(), was.link(), was.number(), answer.attempt(), answer.verdict());
  }

  /** What the owner gets instead of this append. */
  private Optional<Append> arriving(Address.Owner owner, Append append) {
    return switch (hole) {
      case NO_LINK_NUMBERS -> Optional.of(altered(append, --links, 1, true));
      case LINK_PER_DEVICE -> {
        long device = append.clientMessageId().getMostSignificantBits();
        yield Optional.of(altered(append, -device, append.number(), append.first()));
      }
      case ANY_NUMBER_OPENS_A_LINK -> {
        boolean unknown = known.computeIfAbsent(owner, key -> new HashSet<>()).add(link(append));
        yield Optional.of(
            altered(append, append.link(), append.number(), append.first() || unknown));
      }
      case OWNER_GOES_ON_AFTER_GIVING_UP -> goingOn(append);
      case NOT_APPLIED_WHILE_A_COPY_TRAVELS -> unlessRefused(append);
      case REFUSED_FROM_MEMORY ->
          remembersAsMember(owner, append) || creates(append)
              ? Optional.of(append)
              : refused(append);
      case MEMBERSHIP_AT_ARRIVAL ->
          ledger.isMember(append.sender(), append.conversation()) || creates(append)
              ? Optional.of(append)
              : refused(append);
      case REFUSED_FROM_AN_UNCOMMITTED_ENTRY -> behindARemoval(owner, append);
      default -> Optional.of(append);
    };
  }

  private Optional<Append> unlessRefused(Append append) {
    if (!append.resend() && append.attempt() == 0 && chaos()) {
      answer(append, new Verdict.Refused(ErrorCode.NOT_ALLOWED, Outcome.NOT_APPLIED, "no"));
      return Optional.empty();
    }
    return Optional.of(append);
  }

  private boolean remembersAsMember(Address.Owner owner, Append append) {
    return memories
        .computeIfAbsent(owner, key -> new HashMap<>())
        .computeIfAbsent(
            member(append.sender(), append.conversation()),
            key -> ledger.isMember(append.sender(), append.conversation()));
  }

  private boolean chaos() {
    return !faults.areOver() && scheduler.chance(OFTEN);
  }

  private Optional<Append> goingOn(Append append) {
    Place before = new Place(link(append), append.number() - 1, append.attempt());
    if (!append.resend() && append.attempt() == 0 && chaos()) {
      givenUp.add(new Place(link(append), append.number(), append.attempt()));
      answer(append, new Verdict.NotTaken(Reason.STORE_DOWN));
      return Optional.empty();
    }
    return Optional.of(
        altered(
            append, append.link(), append.number(), append.first() || givenUp.contains(before)));
  }

  private Optional<Append> behindARemoval(Address.Owner owner, Append append) {
    Map<UUID, Set<String>> open = removals.computeIfAbsent(owner, key -> new HashMap<>());
    if (append.content() instanceof Content.Changed changed) {
      Set<String> gone = new HashSet<>();
      for (UserId user : leaving(append.sender(), changed.change())) {
        gone.add(member(user, append.conversation()));
      }
      open.put(append.clientMessageId(), gone);
      return Optional.of(append);
    }
    String sender = member(append.sender(), append.conversation());
    return open.values().stream().anyMatch(gone -> gone.contains(sender))
        ? refused(append)
        : Optional.of(append);
  }

  private static List<UserId> leaving(UserId sender, Change change) {
    if (change instanceof Change.Remove remove) {
      return remove.members();
    }
    return change instanceof Change.Leave ? List.of(sender) : List.of();
  }

  private static boolean creates(Append append) {
    return append.content() instanceof Content.Changed changed
        && changed.change() instanceof Change.Create;
  }

  private static String member(UserId user, ConversationId conversation) {
    return user.value() + " " + conversation.value();
  }

  /** Refused for good, with a void row. */
  private Optional<Append> refused(Append append) {
    if (!ledger.wasMember(append.sender(), append.conversation())) {
      return Optional.of(append);
    }
    SendFate fate = store.voidNow(append.conversation(), append.sender(), append.clientMessageId());
    answer(
        append,
        fate.state() == SendState.STORED
            ? new Verdict.Stored(fate.seq(), fate.storedAtMs(), true)
            : new Verdict.Refused(ErrorCode.NOT_A_MEMBER, Outcome.NOT_APPLIED, "hole"));
    return Optional.empty();
  }

  private void answer(Append append, Verdict verdict) {
    deliver.accept(
        append.origin().loop(),
        new Outbound(
            List.of(
                new AppendAnswer(
                    append.origin().session(),
                    append.link(),
                    append.number(),
                    append.attempt(),
                    verdict)),
            List.of(),
            List.of(),
            List.of()));
  }

  private static Link link(Append append) {
    return new Link(append.origin().loop(), append.origin().session(), append.link());
  }

  private Append altered(Append was, long link, int number, boolean first) {
    Append is =
        new Append(
            was.origin(),
            link,
            number,
            first,
            was.attempt(),
            was.betterRankedTried(),
            was.conversation(),
            was.senderKey(),
            was.sender(),
            was.clientMessageId(),
            was.resend(),
            was.content());
    originals.put(new Place(link(is), number, was.attempt()), was);
    return is;
  }
}
