package io.quipu.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.quipu.model.ErrorCode;
import io.quipu.model.Limits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * PROTOCOL.md says what the code does: its tables and its worked session are read from the page.
 */
class ProtocolPageTest {
  private static final Path PAGE = Path.of("src/main/proto/PROTOCOL.md");
  private static final List<String> LINES = lines();

  @Test
  void theTableOfCodesIsThatOfErrorCode() {
    List<String> page = new ArrayList<>();
    Pattern row =
        Pattern.compile("\\| (\\d{3}) \\| (\\w+) \\| (\\w+) \\| (\\w+) \\| .+ \\| .+ \\|");
    for (String line : section("## 13 ")) {
      Matcher cells = row.matcher(line);
      if (cells.matches()) {
        page.add(String.join(" ", cells.group(1), cells.group(2), cells.group(3), cells.group(4)));
      }
    }
    List<String> code =
        Stream.of(ErrorCode.values())
            .map(e -> e.code() + " " + e.name() + " " + e.outcome() + " " + e.advice())
            .toList();
    assertThat(page).isEqualTo(code);
  }

  @Test
  void theTablesOfFramesAreThoseOfTheSchema() {
    Set<String> types = new TreeSet<>();
    types(io.quipu.protocol.wire.Frame.getDescriptor(), types);
    types.remove("Frame");
    types.remove("Limits");
    for (String type : types) {
      Descriptor descriptor =
          io.quipu.protocol.wire.Quipu.getDescriptor().findMessageTypeByName(type);
      List<String> schema = new ArrayList<>();
      for (FieldDescriptor field : descriptor.getFields()) {
        schema.add(field.getNumber() + " | " + field.getName() + " | " + typeOf(field));
      }
      List<String> page = new ArrayList<>();
      Pattern row = Pattern.compile("\\| (\\d+ \\| \\w+ \\| \\w+(\\[])?( ⊕)?) \\| .*\\|");
      String level = LINES.contains("### " + type) ? "### " : "#### ";
      for (String line : section(level + type)) {
        Matcher cells = row.matcher(line);
        if (cells.matches()) {
          page.add(cells.group(1));
        }
      }
      assertThat(page).as(type).isEqualTo(schema);
    }
  }

  @Test
  void theFrameNumbersAreThoseOfTheSchema() {
    String expected =
        String.join(
            " · ",
            io.quipu.protocol.wire.Frame.getDescriptor().getFields().stream()
                .map(field -> field.getNumber() + " " + field.getName())
                .toList());
    assertThat(LINES).contains(expected);
  }

  @Test
  void theLimitsAndTheirDefaultsAreThoseOfTheCode() throws ReflectiveOperationException {
    Descriptor limits = io.quipu.protocol.wire.Limits.getDescriptor();
    for (FieldDescriptor field : limits.getFields()) {
      Object value = Limits.class.getMethod(field.getJsonName()).invoke(Limits.DEFAULT);
      assertThat(section("## 14 "))
          .as(field.getName())
          .anyMatch(line -> line.startsWith("| " + field.getName() + " | " + value + " | "));
      assertThat(section("#### Limits"))
          .contains("| " + field.getNumber() + " | " + field.getName() + " |");
    }
  }

  @Test
  void theEnumsAreThoseOfTheSchema() {
    for (EnumDescriptor type : io.quipu.protocol.wire.Quipu.getDescriptor().getEnumTypes()) {
      String expected =
          String.join(
              " · ",
              type.getValues().stream()
                  .filter(value -> value.getNumber() != 0)
                  .map(value -> value.getNumber() + " " + value.getName())
                  .toList());
      assertThat(LINES).contains("| " + type.getName() + " | " + expected + " |");
    }
  }

  /** Each frame of the session: who, its JSON, and below it the bytes over TCP. */
  @Test
  void theWorkedSessionIsWhatTheCodecsWrite() {
    List<String> block = new ArrayList<>();
    int start = LINES.indexOf("```session");
    for (String line : LINES.subList(start + 1, LINES.size())) {
      if (line.equals("```")) {
        break;
      }
      block.add(line);
    }
    FrameCodec json = new JsonCodec();
    FrameCodec binary = new BinaryCodec();
    Pattern frameLine = Pattern.compile("(C|B|S alice|S bob) (\\{.*})");
    int frames = 0;
    for (int i = 0; i < block.size(); i++) {
      Matcher line = frameLine.matcher(block.get(i));
      if (!line.matches()) {
        assertThat(block.get(i)).matches("(#.*|)");
        continue;
      }
      StringBuilder hex = new StringBuilder();
      while (i + 1 < block.size() && block.get(i + 1).startsWith("  ")) {
        hex.append(block.get(++i).strip());
      }
      byte[] text = line.group(2).getBytes(StandardCharsets.UTF_8);
      Frame frame = json.decode(text, 0, text.length);
      assertThat(new String(json.encode(frame), StandardCharsets.UTF_8)).isEqualTo(line.group(2));
      assertThat(HexFormat.of().formatHex(LengthPrefix.withFrame(binary.encode(frame))))
          .as(line.group(2))
          .isEqualTo(hex.toString());
      frames++;
    }
    assertThat(frames).isGreaterThan(30);
  }

  private static void types(Descriptor type, Set<String> into) {
    if (into.add(type.getName())) {
      for (FieldDescriptor field : type.getFields()) {
        if (field.getType() == FieldDescriptor.Type.MESSAGE) {
          types(field.getMessageType(), into);
        }
      }
    }
  }

  private static String typeOf(FieldDescriptor field) {
    String type =
        switch (field.getType()) {
          case MESSAGE -> field.getMessageType().getName();
          case ENUM -> field.getEnumType().getName();
          default -> field.getType().name().toLowerCase(Locale.ROOT);
        };
    return type
        + (field.isRepeated() ? "[]" : "")
        + (field.getContainingOneof() == null ? "" : " ⊕");
  }

  /** The lines below a heading, up to the next one of its level or above. */
  private static List<String> section(String heading) {
    int level = heading.indexOf(' ');
    List<String> found = new ArrayList<>();
    boolean inside = false;
    for (String line : LINES) {
      if (line.startsWith("#") && line.indexOf(' ') <= level) {
        inside = line.equals(heading) || (heading.endsWith(" ") && line.startsWith(heading));
      } else if (inside) {
        found.add(line);
      }
    }
    assertThat(found).as(heading).isNotEmpty();
    return found;
  }

  private static List<String> lines() {
    try {
      return Files.readAllLines(PAGE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
