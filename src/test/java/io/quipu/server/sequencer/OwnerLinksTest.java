package io.quipu.server.sequencer;

import static io.quipu.server.sequencer.SequencerFixture.ALICE;
import static io.quipu.server.sequencer.SequencerFixture.DIRECT;
import static io.quipu.server.sequencer.SequencerFixture.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.Append;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.SessionAddress;
import io.quipu.server.sequencer.OwnerLinks.Place;
import org.junit.jupiter.api.Test;

class OwnerLinksTest {
  private final OwnerLinks links = new OwnerLinks(2);

  private static Append on(long link, int number, boolean first) {
    return text(DIRECT, ALICE, link, number, first, number);
  }

  private void accept(Append append) {
    assertThat(links.place(append)).isNotIn(Place.GAP, Place.OLD);
    links.accepted(append);
  }

  @Test
  void anUnknownLinkBeginsWithFirstAtWhateverNumber() {
    assertThat(links.place(on(1, 1, false))).isEqualTo(Place.GAP);
    assertThat(links.place(on(1, 4, true))).isEqualTo(Place.NEXT);
  }

  @Test
  void aKnownLinkTakesTheNextNumberOnly() {
    accept(on(1, 1, true));
    assertThat(links.place(on(1, 2, false))).isEqualTo(Place.NEXT);
    assertThat(links.place(on(1, 3, false))).isEqualTo(Place.GAP);
    assertThat(links.place(on(1, 1, false))).isEqualTo(Place.OLD);
  }

  @Test
  void firstMaySkipWhatIsAnsweredElsewhere() {
    accept(on(1, 1, true));
    assertThat(links.place(on(1, 5, true))).isEqualTo(Place.NEXT);
    accept(on(1, 5, true));
    assertThat(links.place(on(1, 6, false))).isEqualTo(Place.NEXT);
  }

  @Test
  void aLateFirstDoesNotSetTheLinkBack() {
    accept(on(1, 1, true));
    accept(on(1, 2, false));
    assertThat(links.place(on(1, 1, true))).isEqualTo(Place.OLD_FIRST);
    accept(on(1, 1, true));
    assertThat(links.place(on(1, 2, false))).isEqualTo(Place.OLD);
    assertThat(links.place(on(1, 3, false))).isEqualTo(Place.NEXT);
  }

  @Test
  void beyondTheLimitTheLeastRecentlyUsedLinkIsForgotten() {
    accept(on(1, 1, true));
    accept(on(2, 1, true));
    accept(on(1, 2, false));
    accept(on(3, 1, true));
    assertThat(links.place(on(2, 2, false))).isEqualTo(Place.GAP);
    assertThat(links.place(on(1, 3, false))).isEqualTo(Place.NEXT);
  }

  @Test
  void theSameLinkNumberOfAnotherNodeIsAnotherLink() {
    accept(on(1, 1, true));
    Append here = on(1, 2, false);
    Append there =
        new Append(
            new SessionAddress(new Address.Loop(new NodeId("other"), 0), 1),
            here.link(),
            here.number(),
            false,
            0,
            false,
            DIRECT,
            here.senderKey(),
            here.sender(),
            here.clientMessageId(),
            false,
            here.content());
    assertThat(links.place(there)).isEqualTo(Place.GAP);
  }

  @Test
  void aForgottenLinkIsUnknown() {
    accept(on(1, 1, true));
    accept(on(2, 1, true));
    links.forget(on(1, 1, true));
    assertThat(links.place(on(1, 2, false))).isEqualTo(Place.GAP);
    assertThat(links.place(on(2, 2, false))).isEqualTo(Place.NEXT);
    links.forgetAll();
    assertThat(links.place(on(2, 2, false))).isEqualTo(Place.GAP);
  }
}
