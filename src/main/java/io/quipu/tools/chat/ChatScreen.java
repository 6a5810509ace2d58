package io.quipu.tools.chat;

import io.quipu.client.PendingSend;
import io.quipu.client.ReceivedMessage;
import io.quipu.client.Stored;
import io.quipu.client.To;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Limits;
import io.quipu.model.Member;
import io.quipu.model.Outcome;
import io.quipu.model.ReceiptState;
import io.quipu.model.SendState;
import io.quipu.model.UserId;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The model of a chat: what happens goes in, what is to be shown and done comes out. It promises:
 * every entered line becomes a message of the conversation, or stands beside the input line, or is
 * named with the reason why it is neither; no message is shown twice.
 *
 * <pre>
 * connection | event   | next
 * NEW        | Up      | ONLINE (the newest page is loaded)
 * NEW        | Down    | OFFLINE (said once)
 * ONLINE     | Down    | OFFLINE (said once)
 * OFFLINE    | Up      | ONLINE (said)
 * any        | Stopped | ended (Quit 1), unless it was the user's wish
 * </pre>
 */
final class ChatScreen {
  /**
   * @param history show the newest page at the start, and understand commands: somebody sits there.
   *     Without, each line is a message and what comes is shown once by this device
   * @param folder where the outbox is, for people
   * @param patienceMs how long what is on its way may take once there is no further input
   */
  record Settings(
      UserId self,
      String device,
      String server,
      String folder,
      ZoneId zone,
      Glyphs glyphs,
      boolean history,
      long patienceMs) {}

  private enum Connection {
    NEW,
    ONLINE,
    OFFLINE
  }

  private static final long MOMENT_MS = 2_000;

  private final Settings settings;
  private final Rendering rendering;
  private final Outgoing outgoing;
  private final Elsewhere elsewhere;
  private final Listing listing;

  /** What this device was given, of each conversation that it knows. */
  private final Map<String, Long> taken = new TreeMap<>();

  private OpenConversation open;
  private Limits limits = Limits.DEFAULT;
  private Connection connection = Connection.NEW;
  private boolean opened;
  private boolean synced;
  private boolean inputEnded;
  private boolean interrupted;
  private boolean whoAsked;
  private boolean quitting;
  private int refused;
  private List<ChatEffect> effects = new ArrayList<>();

  ChatScreen(Settings settings, To to) {
    this.settings = settings;
    this.rendering = new Rendering(settings.self(), settings.zone(), settings.glyphs());
    this.outgoing = new Outgoing(settings.self(), settings.glyphs());
    this.listing = new Listing(settings.self(), rendering);
    this.elsewhere = new Elsewhere(settings.self());
    this.open = conversation(to);
  }

  private OpenConversation conversation(To to) {
    return new OpenConversation(
        to,
        to.conversation(settings.self(), new UUID(0, 0)),
        settings.self(),
        rendering,
        settings.glyphs(),
        effect -> effects.add(effect),
        outgoing::remove);
  }

  List<ChatEffect> step(ChatEvent event) {
    if (!quitting) {
      apply(event);
      leaveIfDone();
    }
    List<ChatEffect> done = effects;
    effects = new ArrayList<>();
    return done;
  }

  private void apply(ChatEvent event) {
    if (event instanceof ChatEvent.Typed typed) {
      typed(typed);
    } else if (event instanceof ChatEvent.PageUp) {
      open.pageUp();
    } else if (event instanceof ChatEvent.Interrupted) {
      interrupted();
    } else if (event instanceof ChatEvent.InputEnded) {
      leave();
    } else if (event instanceof ChatEvent.PatienceEnded) {
      patienceEnded();
    } else if (event instanceof ChatEvent.Incoming incoming) {
      incoming(incoming.message());
    } else if (event instanceof ChatEvent.Page page) {
      here(page.conversation()).ifPresent(it -> it.page(page.before(), page.slice()));
    } else if (event instanceof ChatEvent.PageFailed failed) {
      here(failed.conversation())
          .ifPresent(it -> it.pageFailed(failed.before(), failed.code(), failed.detail()));
    } else if (event instanceof ChatEvent.Receipt receipt) {
      here(receipt.conversation()).ifPresent(it -> receipt(it, receipt));
    } else if (event instanceof ChatEvent.ReceiptsRead read) {
      here(read.conversation()).ifPresent(it -> receipts(it, read));
    } else if (event instanceof ChatEvent.Reset reset) {
      here(reset.conversation()).ifPresent(it -> it.reset(reset.seq()));
    } else {
      applyToSends(event);
    }
  }

  private void applyToSends(ChatEvent event) {
    if (event instanceof ChatEvent.Loaded loaded) {
      loaded(loaded);
    } else if (event instanceof ChatEvent.Kept kept) {
      outgoing.kept(kept.id());
    } else if (event instanceof ChatEvent.SendStored stored) {
      stored(stored.stored());
    } else if (event instanceof ChatEvent.SendFailed failed) {
      failed(failed);
    } else if (event instanceof ChatEvent.CancelEnded ended) {
      cancelled(ended);
    } else if (event instanceof ChatEvent.CancelFailed failed) {
      outgoing.unknown(failed.id(), true);
      error("It could not be taken back, and is still unknown: " + failed.detail());
    } else {
      applyToPeople(event);
    }
  }

  private void applyToPeople(ChatEvent event) {
    if (event instanceof ChatEvent.MembersRead read) {
      here(read.conversation()).ifPresent(it -> members(read));
    } else if (event instanceof ChatEvent.MembersFailed failed) {
      if (whoAsked) {
        error("Who is in the group could not be read: " + Harmless.line(failed.detail()));
      }
      whoAsked = false;
    } else if (event instanceof ChatEvent.ListRead read) {
      tell(listing.conversations(open.id, read));
    } else if (event instanceof ChatEvent.ListFailed failed) {
      error("The list could not be read: " + Harmless.line(failed.detail()));
    } else if (event instanceof ChatEvent.Writing writing) {
      here(writing.conversation())
          .filter(it -> it.people.writes(writing.user()))
          .ifPresent(it -> effects.add(new ChatEffect.AwaitWriting(it.id, writing.user())));
    } else if (event instanceof ChatEvent.WritingEnded ended) {
      here(ended.conversation()).ifPresent(it -> it.people.pauses(ended.user()));
    } else if (event instanceof ChatEvent.Presence presence) {
      open.people.presence(presence.user(), presence.online(), presence.lastSeenMs());
    } else {
      applyToConnection(event);
    }
  }

  private void applyToConnection(ChatEvent event) {
    if (event instanceof ChatEvent.Up up) {
      up(up);
    } else if (event instanceof ChatEvent.Synced) {
      synced = true;
    } else if (event instanceof ChatEvent.Down down) {
      down(down.reason());
    } else if (event instanceof ChatEvent.Stopped stopped) {
      error("The chat ends: " + Harmless.line(stopped.reason()));
      tellLeft();
      quit(1);
    }
  }

  // ---- what is typed

  private void typed(ChatEvent.Typed typed) {
    interrupted = false;
    Command command =
        settings.history()
            ? Command.of(typed.line())
            : typed.line().isBlank() ? new Command.Nothing() : new Command.Say(typed.line());
    if (command instanceof Command.Say say) {
      send(typed, open.to, Content.Text.of(say.text()));
    } else if (command instanceof Command.NewGroup group) {
      send(typed, new To.NewGroup(), new Content.Changed(group.create()));
    } else if (command instanceof Command.Alter alter) {
      send(typed, open.to, new Content.Changed(alter.change()));
    } else if (command instanceof Command.Wrong wrong) {
      error(wrong.why());
    } else if (command instanceof Command.Go go) {
      go(go.to());
    } else if (command instanceof Command.Retry retry) {
      retry(retry);
    } else if (command instanceof Command.Cancel cancel) {
      cancel(cancel);
    } else {
      ask(command);
    }
  }

  private void ask(Command command) {
    if (command instanceof Command.Help) {
      Command.HELP.forEach(entry -> note(String.format("  %-20s %s", entry.get(0), entry.get(1))));
      note("  Alt-Enter begins a new line within a message; what is pasted is one message.");
    } else if (command instanceof Command.Who) {
      who();
    } else if (command instanceof Command.History) {
      open.pageUp();
    } else if (command instanceof Command.Conversations) {
      effects.add(new ChatEffect.ReadList());
    } else if (command instanceof Command.Quit) {
      leave();
    }
  }

  private void send(ChatEvent.Typed typed, To to, Content content) {
    int bytes = content instanceof Content.Text text ? text.utf8().size() : 0;
    if (bytes > limits.maxBodyBytes()) {
      refused++;
      error(
          String.format(
              "Not sent, it is too long: %,d bytes, the server takes %,d.",
              bytes, limits.maxBodyBytes()));
      effects.add(new ChatEffect.GiveBack(typed.line()));
      return;
    }
    PendingSend send = new PendingSend(typed.id(), to, content);
    outgoing.add(send, false);
    effects.add(new ChatEffect.Send(send));
  }

  private void go(To to) {
    ConversationId id = to.conversation(settings.self(), new UUID(0, 0));
    if (id.equals(open.id)) {
      note("You are here already.");
      return;
    }
    List<ReceivedMessage> unread = open.leave();
    open = conversation(to);
    elsewhere.seen(id);
    whoAsked = false;
    note(settings.glyphs().rule() + " " + title() + " " + settings.glyphs().rule());
    if (opened) {
      opened();
    }
    unread.forEach(this::incoming);
  }

  /** Sent again it is never stored twice, so all at once is safe. */
  private void retry(Command.Retry retry) {
    List<Outgoing.Entry> unknown =
        outgoing.open().stream()
            .filter(Outgoing.Entry::unknown)
            .filter(entry -> retry.number().map(number -> number == entry.number).orElse(true))
            .toList();
    if (unknown.isEmpty()) {
      note("There is nothing of unknown outcome" + (retry.number().isPresent() ? " there." : "."));
    }
    for (Outgoing.Entry entry : unknown) {
      outgoing.unknown(entry.id(), false);
      effects.add(new ChatEffect.Retry(entry.id()));
    }
  }

  private void cancel(Command.Cancel cancel) {
    Optional<Outgoing.Entry> entry =
        cancel.number().isPresent()
            ? outgoing.numbered(cancel.number().get())
            : outgoing.oldestUnknown();
    if (entry.isPresent()) {
      effects.add(new ChatEffect.Cancel(entry.get().id()));
      if (connection != Connection.ONLINE) {
        note("It is taken back as soon as there is a connection.");
      }
    } else {
      note(
          cancel.number().isPresent()
              ? "There is no such send on its way."
              : "There is nothing of unknown outcome; /cancel N takes another one back.");
    }
  }

  private void interrupted() {
    if (interrupted) {
      leave();
    } else {
      interrupted = true;
      note("Ctrl-C again ends the chat.");
    }
  }

  // ---- who and what there is

  private void who() {
    if (open.id.isDirect()) {
      tell(open.id.directUsers().stream().map(user -> listing.member(open, user, "")).toList());
    } else {
      whoAsked = true; // of the members, when it is known how far messages have come with them
      effects.add(new ChatEffect.ReadReceipts(open.id));
    }
  }

  /** Asks for what is to be known of a conversation that is on the screen now. */
  private void opened() {
    open.load(taken.getOrDefault(open.id.value(), 0L));
    if (open.id.isDirect()) {
      watch(open.id.directUsers());
    } else {
      effects.add(new ChatEffect.ReadMembers(open.id));
    }
  }

  private void watch(List<UserId> users) {
    int most = Math.min(People.MAX_WATCHED, limits.watchedUsers());
    effects.add(
        new ChatEffect.Watch(
            users.stream().filter(user -> !user.equals(settings.self())).limit(most).toList()));
  }

  private void members(ChatEvent.MembersRead read) {
    if (whoAsked) {
      whoAsked = false;
      tell(listing.members(open, read));
    } else {
      watch(read.members().stream().map(Member::user).toList());
    }
  }

  // ---- what comes

  private void incoming(ReceivedMessage message) {
    ConversationId id = message.conversation();
    taken.merge(id.value(), message.seq(), Math::max);
    if (id.equals(open.id)) {
      open.incoming(message);
      return;
    }
    if (!message.own() && settings.history() && elsewhere.take(message)) {
      note("There is news from " + message.sender() + ": " + listing.way(id));
    }
    effects.add(new ChatEffect.Taken(id, message.seq()));
  }

  private void receipt(OpenConversation conversation, ChatEvent.Receipt receipt) {
    boolean news = conversation.receipts.take(receipt.user(), receipt.state(), receipt.seq());
    if (news && !settings.history() && receipt.state() != ReceiptState.STORED_OFFLINE) {
      String state = receipt.state() == ReceiptState.READ ? " read by " : " delivered to ";
      effects.add(
          new ChatEffect.Tell(
              Line.of(
                  Tone.TICK,
                  settings.glyphs().delivered()
                      + state
                      + receipt.user()
                      + " up to #"
                      + receipt.seq())));
    }
  }

  private void receipts(OpenConversation conversation, ChatEvent.ReceiptsRead read) {
    conversation.receipts.take(read, settings.self(), limits.receiptGroupMembers());
    if (whoAsked) {
      effects.add(new ChatEffect.ReadMembers(conversation.id));
    }
  }

  private Optional<OpenConversation> here(ConversationId conversation) {
    return conversation.equals(open.id) ? Optional.of(open) : Optional.empty();
  }

  // ---- what becomes of sends

  private void loaded(ChatEvent.Loaded loaded) {
    loaded.cursors().forEach((id, seq) -> taken.put(id.value(), seq));
    loaded.left().forEach(send -> outgoing.add(send, true));
    if (!loaded.left().isEmpty()) {
      note(Outgoing.count(loaded.left().size()) + " from last time on the way to the server.");
    }
  }

  private void stored(Stored stored) {
    Optional<Outgoing.Entry> entry = outgoing.find(stored.clientMessageId());
    if (entry.isEmpty()) {
      return; // its message came first
    }
    outgoing.stored(stored.clientMessageId());
    if (entry.get().send.to() instanceof To.NewGroup) {
      outgoing.remove(stored.clientMessageId());
      note(
          "The group is "
              + stored.conversation()
              + " (chat --group "
              + stored.conversation()
              + ")");
      go(new To.Conversation(stored.conversation()));
    } else if (!stored.conversation().equals(open.id)) {
      outgoing.remove(stored.clientMessageId());
      note("Stored in " + outgoing.name(stored.conversation()) + " as #" + stored.seq() + ".");
    }
  }

  private void failed(ChatEvent.SendFailed failed) {
    Optional<Outgoing.Entry> entry = outgoing.find(failed.id());
    if (entry.isEmpty()) {
      return; // cancelled
    }
    Content content = entry.get().send.content();
    String detail = failed.code() + ", " + Harmless.line(failed.detail());
    if (failed.outcome() == Outcome.UNKNOWN) {
      outgoing.kept(failed.id());
      outgoing.unknown(failed.id(), true);
      error("Nobody knows whether this is stored: " + Outgoing.excerpt(content));
      note("(" + detail + "; sent again it is never stored twice)");
    } else {
      refused++;
      outgoing.remove(failed.id());
      error(settings.glyphs().failed() + " Not sent: " + Outgoing.excerpt(content));
      note("(" + detail + ")");
    }
  }

  private void cancelled(ChatEvent.CancelEnded ended) {
    Optional<Outgoing.Entry> entry = outgoing.find(ended.fate().clientMessageId());
    if (ended.fate().state() == SendState.STORED) {
      outgoing.stored(ended.fate().clientMessageId());
      note("It was stored already, as #" + ended.fate().seq() + ".");
    } else if (entry.isPresent()) {
      outgoing.remove(entry.get().id());
      note("Taken back: " + Outgoing.excerpt(entry.get().send.content()));
    }
  }

  // ---- the connection

  private void up(ChatEvent.Up up) {
    if (!up.user().equals(settings.self())) {
      error("The token is " + up.user() + "'s and not " + settings.self() + "'s.");
      quit(1);
      return;
    }
    limits = up.limits();
    if (connection == Connection.OFFLINE) {
      note("Connected.");
    }
    connection = Connection.ONLINE;
    if (!opened) {
      opened = true;
      if (settings.history()) {
        opened();
      }
    }
  }

  private void down(String reason) {
    synced = false;
    if (connection != Connection.OFFLINE) {
      String what =
          connection == Connection.NEW
              ? "No connection to " + settings.server()
              : "The connection is lost";
      note(what + " (" + plain(reason) + "). Trying again; what you write goes out then.");
      connection = Connection.OFFLINE;
    }
  }

  /** Without the name of the exception that brought it. */
  private static String plain(String reason) {
    return Harmless.line(reason.replaceFirst("^([\\w$]+\\.)+[\\w$]+: ", ""), 200);
  }

  // ---- the end

  /** Somebody who sits there waits for a moment, a script for as long as it was told to. */
  private void leave() {
    boolean moment = settings.history();
    if (inputEnded || moment && connection != Connection.ONLINE) {
      quit(moment ? 0 : 1);
      return;
    }
    inputEnded = true;
    effects.add(new ChatEffect.StartPatience(moment ? MOMENT_MS : settings.patienceMs()));
  }

  private void leaveIfDone() {
    boolean known = settings.history() ? outgoing.open().isEmpty() : outgoing.isEmpty() && synced;
    if (inputEnded && known && !quitting) {
      quit(verdict());
    }
  }

  /** For somebody who has seen it all, 0; for a script, 1 if a line was refused. */
  private int verdict() {
    return settings.history() || refused == 0 ? 0 : 1;
  }

  private void patienceEnded() {
    if (settings.history() || opened && outgoing.open().isEmpty()) {
      quit(verdict());
      return;
    }
    if (outgoing.open().isEmpty()) {
      error("No connection to " + settings.server() + ".");
    }
    tellLeft();
    quit(1);
  }

  private void quit(int exitCode) {
    if (settings.history() && exitCode == 0) {
      tellLeft();
    }
    quitting = true;
    effects.add(new ChatEffect.Quit(exitCode));
  }

  private void tellLeft() {
    tell(outgoing.left(settings.folder(), settings.device()));
  }

  // ---- around the input line

  Prompt prompt() {
    boolean online = connection == Connection.ONLINE;
    Line.Builder left =
        Line.build()
            .add(Tone.STRONG, settings.self().value())
            .add(Tone.DIM, " " + settings.glyphs().arrow() + " ")
            .add(open.id.isDirect() ? Tone.NAME : Tone.STRONG, title());
    if (!online) {
      left.add(Tone.ERROR, " (connecting" + settings.glyphs().dots() + ")");
    }
    List<Line> hints = new ArrayList<>(elsewhere.lines());
    hints.addAll(open.people.lines(settings.glyphs().dots()));
    return new Prompt(
        hints,
        outgoing.lines(open.id, online),
        left.add(Tone.PLAIN, "> ").line(),
        open.progress(),
        online);
  }

  private String title() {
    return open.title().map(Harmless::line).orElseGet(() -> outgoing.name(open.id));
  }

  /** The conversation on the screen. */
  ConversationId conversation() {
    return open.id;
  }

  /** Sends without a known outcome, for a shell that feeds lines no faster than they leave. */
  int openSends() {
    return outgoing.open().size();
  }

  private void tell(List<Line> lines) {
    lines.forEach(line -> effects.add(new ChatEffect.Tell(line)));
  }

  private void note(String text) {
    effects.add(new ChatEffect.Tell(Line.note(text)));
  }

  private void error(String text) {
    effects.add(new ChatEffect.Tell(Line.error(text)));
  }
}
