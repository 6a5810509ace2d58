package io.quipu.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** HTTP.md names the routes that there are, and the status of each code. */
class HttpPageTest {
  private static final Path PAGE = Path.of("src/main/proto/HTTP.md");
  private static final Pattern OPERATION =
      Pattern.compile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`? ]*)`");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| (\\d{3}) \\| (.*) \\|$");
  private static final Pattern CODE = Pattern.compile("([A-Z_]+) \\((\\d{3})");

  private final String page = read();

  @Test
  void everyOperationStandsOnThePageAndNoOther() {
    Set<String> named = new TreeSet<>();
    Matcher operation = OPERATION.matcher(page);
    while (operation.find()) {
      named.add(operation.group(1));
    }
    assertThat(named).isEqualTo(OpenApiContract.operations());
  }

  @Test
  void everyCodeOfTheTableHasItsNumberAndItsStatus() {
    Map<String, String> told = new TreeMap<>();
    Matcher row = ROW.matcher(page);
    while (row.find()) {
      Matcher code = CODE.matcher(row.group(2));
      while (code.find()) {
        String name = code.group(1);
        if (!row.group(1).equals("504")) { // a late answer of another code's
          told.put(name + " " + code.group(2), row.group(1));
        }
      }
    }
    assertThat(told).hasSizeGreaterThan(25);
    told.forEach(
        (code, status) -> {
          ErrorCode known = ErrorCode.valueOf(code.split(" ", -1)[0]);
          assertThat(code).isEqualTo(known.name() + " " + known.code());
          assertThat(status).as(code).isEqualTo("" + Problem.statusOf(known));
        });
  }

  private static String read() {
    try {
      return Files.readString(PAGE);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
