package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.client.To;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Role;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandTest {
  private static final String GROUP = "g~" + "a".repeat(24);
  private static final UserId BOB = new UserId("bob");

  @Test
  void whatDoesNotBeginWithASlashIsAMessageAsItStands() {
    for (String text : List.of("hi", "  two  blanks ", "a \"quote", "back\\slash", "!!", "a\n/b")) {
      assertThat(Command.of(text)).isEqualTo(new Command.Say(text));
    }
  }

  @Test
  void twoSlashesAreAMessageThatBeginsWithOne() {
    assertThat(Command.of("//etc/hosts")).isEqualTo(new Command.Say("/etc/hosts"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t", "\n \n"})
  void aBlankLineIsNothing(String line) {
    assertThat(Command.of(line)).isEqualTo(new Command.Nothing());
  }

  @Test
  void commandsAreUnderstood() {
    assertThat(Command.of("/help")).isEqualTo(new Command.Help());
    assertThat(Command.of("/who ")).isEqualTo(new Command.Who());
    assertThat(Command.of("/history")).isEqualTo(new Command.History());
    assertThat(Command.of("/quit")).isEqualTo(new Command.Quit());
    assertThat(Command.of("/list")).isEqualTo(new Command.Conversations());
    assertThat(Command.of("/to bob")).isEqualTo(new Command.Go(new To.User(BOB)));
    assertThat(Command.of("/group " + GROUP))
        .isEqualTo(new Command.Go(new To.Conversation(new ConversationId(GROUP))));
    assertThat(Command.of("/new \"Tea time\" bob"))
        .isEqualTo(new Command.NewGroup(new Change.Create("Tea time", List.of(BOB))));
    assertThat(Command.of("/retry")).isEqualTo(new Command.Retry(Optional.empty()));
    assertThat(Command.of("/cancel 2")).isEqualTo(new Command.Cancel(Optional.of(2)));
  }

  @Test
  void changesAreUnderstood() {
    assertThat(change("/add bob")).isEqualTo(new Change.Add(List.of(BOB)));
    assertThat(change("/remove bob")).isEqualTo(new Change.Remove(List.of(BOB)));
    assertThat(change("/rename Tea time")).isEqualTo(new Change.Rename("Tea time"));
    assertThat(change("/leave")).isEqualTo(new Change.Leave());
    assertThat(change("/edit 3  two  blanks "))
        .isEqualTo(new Change.Edit(3, Content.Text.of("two  blanks ")));
    assertThat(change("/recall #3")).isEqualTo(new Change.Recall(3));
    assertThat(change("/react 3 :-)")).isEqualTo(new Change.React(3, ":-)", false));
    assertThat(change("/unreact 3 :-)")).isEqualTo(new Change.React(3, ":-)", true));
    assertThat(change("/role bob Admin")).isEqualTo(new Change.SetRole(BOB, Role.ADMIN));
    assertThat(change("/block")).isEqualTo(new Change.Block());
  }

  private static Change change(String line) {
    return ((Command.Alter) Command.of(line)).change();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/hlep",
        "/to",
        "/to a b",
        "/to a/b",
        "/group bob",
        "/new",
        "/new T a~b",
        "/add",
        "/remove",
        "/rename",
        "/edit",
        "/edit 3",
        "/edit x y",
        "/edit 0 y",
        "/recall",
        "/recall 99999999999999999999",
        "/react 3",
        "/role bob king",
        "/retry x",
        "/cancel 1 2",
        "/\u001b[2J"
      })
  void whatIsNotUnderstoodIsSaidInOneHarmlessLine(String line) {
    assertThat(Command.of(line))
        .isInstanceOfSatisfying(
            Command.Wrong.class,
            wrong -> assertThat(wrong.why()).isNotBlank().isEqualTo(Harmless.line(wrong.why())));
  }

  @Test
  void everyCommandWithoutTheWordsItNeedsIsExplained() {
    for (String name : List.of("/to", "/group", "/new", "/add", "/remove", "/rename", "/edit")) {
      assertThat(((Command.Wrong) Command.of(name)).why()).startsWith("Usage: ").contains(name);
    }
  }
}
