package io.quipu.tools.checker;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** One device, over all its runs. */
final class DeviceTrack {
  /** So many un-acked messages, and it is its own fault if the next one waits. */
  private static final long BUSY = 64;

  static final long UNKNOWN = -1;

  final String name;
  final String user;
  final Map<Conversation, Place> places = new HashMap<>();
  final Attention attention;

  /** The file that records it now. */
  int file;

  String clock = "";

  /** Changes when an outbox begins anew: the order of sends is promised within one. */
  int outbox;

  boolean fresh;
  long freshAtUs;
  long freshDoneLine;

  /** Everything that this device ever did is in the history. */
  boolean wholeLife;

  boolean ran;
  boolean connectedBefore;
  long firstLiveUs = Send.NEVER;
  private boolean live;
  private long outstanding;

  /** What the cursor of a conversation is that this run has not met. */
  private long firstPosition = UNKNOWN;

  private int syncId;
  private int syncSerial;
  private boolean fullSync;
  private final Set<String> listed = new HashSet<>();

  /** How far one device is in one conversation. */
  static final class Place {
    final Ranges received = new Ranges();
    final Ranges taken = new Ranges();
    final Ranges older = new Ranges();
    final Ranges hidden = new Ranges();

    /** The highest seq up to which the application has everything; UNKNOWN at first. */
    long position = UNKNOWN;

    /** Where its first run began; UNKNOWN until then. */
    long base = UNKNOWN;

    long reach;
    long takenLine;
    long acked;
    long ackedLine;
    long confirmed;
    long confirmedLine;

    /** In the last Sync that named this conversation; 0 = none. */
    long named;

    private long confirmedBefore;
    private int confirmedInSync;

    /** The server began a sync above this, beyond all that was acked; 0 = never. */
    long skippedTo;

    long skippedFrom;
    long skippedLine;

    private long top = UNKNOWN;
    private long ackTop;
    private int judgedSync;

    void beginsAt(long seq) {
      position = seq;
      base = base == UNKNOWN ? seq : Math.min(base, seq);
    }

    /** Moves over seqs that are not for this device. */
    void passGaps() {
      if (position != UNKNOWN && !(older.isEmpty() && hidden.isEmpty())) {
        long before;
        do {
          before = position;
          position = Math.max(older.endOfStretch(position + 1), hidden.endOfStretch(position + 1));
        } while (position > before);
      }
    }
  }

  DeviceTrack(String name, long boundUs, int outbox) {
    this.name = name;
    this.outbox = outbox;
    this.user = name.substring(0, name.indexOf('/'));
    this.attention = new Attention(boundUs);
  }

  Place place(Conversation conversation) {
    Place place = places.get(conversation);
    if (place == null) {
      place = new Place();
      if (firstPosition != UNKNOWN) {
        place.beginsAt(firstPosition);
      }
      places.put(conversation, place);
    }
    return place;
  }

  void runs() {
    ran = true;
    firstPosition = UNKNOWN;
    places.values().forEach(place -> place.position = UNKNOWN);
  }

  void connected(boolean deviceIsNew) {
    if (!connectedBefore) {
      wholeLife = deviceIsNew;
    }
    connectedBefore = true;
    if (deviceIsNew) {
      firstPosition = 0;
      for (Place place : places.values()) {
        if (place.position == UNKNOWN) {
          place.beginsAt(0);
        }
      }
    }
    syncId = 0;
    fullSync = false;
  }

  void live(long atUs) {
    if (!live) {
      live = true;
      firstLiveUs = firstLiveUs == Send.NEVER ? atUs : firstLiveUs;
      attend(atUs);
    }
  }

  /**
   * @param heardUs when it was last heard of
   */
  void down(long heardUs) {
    live = false;
    attention.ends(heardUs);
  }

  /** The recording process stood still between these. */
  void stoodStill(long fromUs, long toUs) {
    if (live) {
      attention.ends(fromUs);
      attend(toUs);
    }
  }

  private void attend(long atUs) {
    if (live && outstanding <= BUSY) {
      attention.begins(atUs);
    } else {
      attention.ends(atUs);
    }
  }

  void received(Place place, long fromSeq, long toSeq, long atUs) {
    outstanding -= outstanding(place);
    if (place.top == UNKNOWN) {
      place.ackTop = fromSeq - 1;
    }
    place.top = Math.max(place.top, toSeq);
    outstanding += outstanding(place);
    attend(atUs);
  }

  void acked(Place place, long seq, long line, long atUs) {
    outstanding -= outstanding(place);
    place.ackTop = Math.max(place.ackTop, seq);
    outstanding += outstanding(place);
    if (seq > place.acked) {
      place.acked = seq;
      place.ackedLine = line;
    }
    attend(atUs);
  }

  private static long outstanding(Place place) {
    return Math.max(0, place.top - place.ackTop);
  }

  void syncs(HistoryEvent.Sync sync) {
    if (sync.syncId() != syncId) {
      syncId = sync.syncId();
      syncSerial++;
      listed.clear();
    }
    fullSync = !sync.onlyListed();
    sync.cursors().forEach(cursor -> listed.add(cursor.conversation()));
  }

  /** What was confirmed before the present sync left: what came meanwhile, it may not know. */
  long confirmedBeforeSync(Place place) {
    return place.confirmedInSync == syncSerial ? place.confirmedBefore : place.confirmed;
  }

  void confirms(Place place, long seq, long line) {
    if (place.confirmedInSync != syncSerial) {
      place.confirmedInSync = syncSerial;
      place.confirmedBefore = place.confirmed;
    }
    place.confirmed = seq;
    place.confirmedLine = line;
  }

  /** True if a page of this conversation begins above the cursor that the server has stored. */
  boolean showsStoredCursor(Conversation conversation, Place place) {
    boolean first = place.judgedSync != syncSerial;
    place.judgedSync = syncSerial;
    return first && fullSync && !listed.contains(conversation.name);
  }
}
