package io.quipu.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** openapi.json says what the routes are, no less and no more. */
class OpenApiTest {
  private static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)\\}");

  private final HttpFixture http = new HttpFixture(HttpFixture.RULES);
  private final JsonObject document = OpenApiContract.document();

  @AfterEach
  void close() {
    http.close();
  }

  @Test
  void everyRouteIsDocumentedAndEveryDocumentedOperationIsRouted() {
    Router router = http.face().router();
    Set<String> routed = new TreeSet<>();
    for (Route route : router.getRoutes()) {
      String path = route.getPath();
      if (path != null && !path.equals("/v1/") && route.methods() != null) {
        for (HttpMethod method : route.methods()) {
          routed.add(method + " " + path.replaceAll(":(\\w+)", "{$1}"));
        }
      }
    }
    Set<String> documented = new TreeSet<>();
    for (String operation : OpenApiContract.operations()) {
      documented.add(operation);
      if (operation.startsWith("GET ") && !operation.equals("GET /v1/connect")) {
        documented.add(operation.replaceFirst("GET", "HEAD"));
      }
    }
    assertThat(routed).isEqualTo(documented);
  }

  @Test
  void theDocumentIsServedToAnybody() {
    HttpFixture.Reply reply = http.get("/v1/openapi.json", "");
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.json()).isEqualTo(document);
    assertThat(document.getString("openapi")).startsWith("3.1.");
  }

  @Test
  void everyReferenceLeadsSomewhereAndEveryComponentIsUsed() {
    Set<String> used = new HashSet<>();
    references(document, used);
    Set<String> there = new HashSet<>();
    for (String kind : List.of("schemas", "parameters", "responses")) {
      document
          .getJsonObject("components")
          .getJsonObject(kind)
          .fieldNames()
          .forEach(name -> there.add("#/components/" + kind + "/" + name));
    }
    assertThat(used).isEqualTo(there);
  }

  @Test
  void everyParameterOfAPathIsDeclaredAndOperationIdsAreUnique() {
    Set<String> ids = new HashSet<>();
    for (String operation : OpenApiContract.operations()) {
      JsonObject described = describedBy(operation);
      assertThat(ids.add(described.getString("operationId"))).as(operation).isTrue();
      Set<String> inPath = new HashSet<>();
      Matcher parameter = PARAMETER.matcher(operation);
      while (parameter.find()) {
        inPath.add(parameter.group(1));
      }
      Set<String> declared = new HashSet<>();
      for (Object each : described.getJsonArray("parameters", new JsonArray())) {
        JsonObject one = (JsonObject) each;
        if (one.getString("in").equals("path")) {
          declared.add(one.getString("name"));
        }
      }
      assertThat(declared).as(operation).isEqualTo(inPath);
    }
  }

  @Test
  void everyExampleIsWhatItsSchemaAsksFor() {
    List<String> faults = new ArrayList<>();
    int[] count = {0};
    examples("", OpenApiContract.inlined(document), faults, count);
    assertThat(faults).isEmpty();
    assertThat(count[0]).isGreaterThan(50);
  }

  @Test
  void everySendDocumentsItsOutcomeAndItsKey() {
    for (String operation : OpenApiContract.operations()) {
      JsonObject described = describedBy(operation);
      boolean sends = described.getJsonObject("responses").containsKey("201");
      boolean keyed = described.encode().contains("\"Idempotency-Key\"");
      assertThat(keyed).as(operation).isEqualTo(sends);
    }
  }

  private JsonObject describedBy(String operation) {
    String[] parts = operation.split(" ", -1);
    return OpenApiContract.inlined(
        document
            .getJsonObject("paths")
            .getJsonObject(parts[1])
            .getJsonObject(parts[0].toLowerCase(java.util.Locale.ROOT)));
  }

  private static void references(Object part, Set<String> found) {
    if (part instanceof JsonObject object) {
      if (object.getValue("$ref") instanceof String reference) {
        found.add(reference);
      }
      object.forEach(entry -> references(entry.getValue(), found));
    } else if (part instanceof JsonArray array) {
      array.forEach(element -> references(element, found));
    }
  }

  private static void examples(String at, Object part, List<String> faults, int[] count) {
    if (part instanceof JsonArray array) {
      array.forEach(element -> examples(at, element, faults, count));
    }
    if (!(part instanceof JsonObject object)) {
      return;
    }
    if (object.containsKey("example") && object.containsKey("schema")) {
      count[0]++;
      check(at, object.getJsonObject("schema"), object.getValue("example"), faults);
    }
    if (object.getValue("examples") instanceof JsonArray all) {
      for (Object example : all) {
        count[0]++;
        check(at, object, example, faults);
      }
    }
    for (Map.Entry<String, Object> entry : object) {
      examples(at + "/" + entry.getKey(), entry.getValue(), faults, count);
    }
  }

  private static void check(String at, JsonObject schema, Object example, List<String> faults) {
    OpenApiContract.faults(schema, example).forEach(fault -> faults.add(at + ": " + fault));
  }
}
