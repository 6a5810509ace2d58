package io.quipu.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.quipu.server.config.Configuration;
import io.quipu.server.config.ConfigurationLoader;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is shipped for operators says what a node takes. Nothing here can be run in a test. */
final class DeployTest {
  private static final Path DEPLOY = Path.of("deploy");

  /** With what the secrets of the files would be. */
  private static final Map<String, String> SECRETS =
      Map.of(
          "QUIPU_POSTGRES_URI", "postgresql://quipu:secret@postgres:5432/quipu",
          "QUIPU_AUTH_HS256_SECRET", "a secret of at least thirty-two bytes");

  private final Vertx vertx = Vertx.vertx();

  @TempDir private Path folder;

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private Configuration loaded(Path file, Map<String, String> environment) throws Exception {
    return ConfigurationLoader.load(vertx, file, environment)
        .toCompletionStage()
        .toCompletableFuture()
        .get(10, TimeUnit.SECONDS);
  }

  @Test
  void theShippedConfigurationOfAClusterIsGood() throws Exception {
    Configuration configuration = loaded(Path.of("conf", "cluster.json"), Map.of());

    assertThat(configuration.cluster().enabled()).isTrue();
    assertThat(configuration.cluster().members()).hasSize(3);
    assertThat(configuration.auth().development()).isFalse();
  }

  @Test
  void everyNodeOfComposeHasAGoodConfiguration() throws Exception {
    String compose = Files.readString(DEPLOY.resolve("compose.yml"));
    Set<String> addresses = found("ipv4_address: (\\S+)", compose);
    assertThat(addresses).hasSize(3);
    for (String address : addresses) {
      Map<String, String> environment = new TreeMap<>(SECRETS);
      environment.put("QUIPU_NODE_NAME", "node");
      environment.put("QUIPU_CLUSTER_HOST", address);
      Configuration node = loaded(DEPLOY.resolve("compose/quipu.json"), environment);
      assertThat(node.cluster().members()).containsExactlyInAnyOrderElementsOf(addresses);
      assertThat(compose).contains("QUIPU_CLUSTER_HOST: " + address);
    }
    assertThat(variables(compose))
        .containsExactlyInAnyOrder(
            "QUIPU_AUTH_HS256_SECRET",
            "QUIPU_CLUSTER_HOST",
            "QUIPU_NODE_NAME",
            "QUIPU_POSTGRES_URI");
  }

  @Test
  void theBalancerKnowsEveryNodeAndItsPorts() throws IOException {
    String balancer = Files.readString(DEPLOY.resolve("compose/haproxy.cfg"));
    assertThat(found("server (node-\\d node-\\d:\\d+)", balancer))
        .containsExactlyInAnyOrder(
            "node-1 node-1:7310",
            "node-2 node-2:7310",
            "node-3 node-3:7310",
            "node-1 node-1:7380",
            "node-2 node-2:7380",
            "node-3 node-3:7380");
    assertThat(balancer).contains("httpchk GET /readyz", "check port 7380");
  }

  @Test
  void everyPodHasAGoodConfigurationAndTheNamesAgree() throws Exception {
    String manifests = Files.readString(DEPLOY.resolve("k8s/quipu.yaml"));
    Matcher json = Pattern.compile("quipu\\.json: \\|\n((?: {4}.*\n)+)").matcher(manifests);
    assertThat(json.find()).isTrue();
    Path file = Files.writeString(folder.resolve("quipu.json"), json.group(1));
    Map<String, String> environment = new TreeMap<>(SECRETS);
    environment.put("QUIPU_NODE_NAME", "quipu-0");
    environment.put("QUIPU_CLUSTER_HOST", "10.1.2.3");
    environment.put("QUIPU_CLUSTER_KUBERNETES_SERVICE", "quipu-nodes.default.svc.cluster.local");

    Configuration pod = loaded(file, environment);

    assertThat(pod.cluster().discovery()).isEqualTo("kubernetes");
    assertThat(variables(manifests)).isEqualTo(environment.keySet());
    assertThat(found("containerPort: (\\d+)", manifests))
        .containsExactlyInAnyOrder(
            Integer.toString(pod.tcp().port()),
            Integer.toString(pod.http().port()),
            Integer.toString(pod.cluster().port()),
            Integer.toString(pod.cluster().busPort()));
    assertThat(manifests)
        .contains("name: quipu-nodes", "publishNotReadyAddresses: true", "path: /readyz");
    assertThat(graceSeconds(manifests, "terminationGracePeriodSeconds: (\\d+)"))
        .as("drain, and 15 s to close")
        .isGreaterThan(pod.node().drainMs() / 1_000 + 15);
  }

  @Test
  void theImageHasThePortsAndTheCommandOfANode() throws Exception {
    String image = Files.readString(DEPLOY.resolve("Dockerfile"));
    Configuration node = loaded(Path.of("conf", "cluster.json"), Map.of());
    assertThat(image)
        .contains(
            "EXPOSE %d %d %d %d"
                .formatted(
                    node.tcp().port(),
                    node.http().port(),
                    node.cluster().port(),
                    node.cluster().busPort()))
        .contains("\"serve\", \"--conf\", \"/etc/quipu/quipu.json\"")
        .contains("USER 10001");
  }

  @Test
  void everyAlarmIsAboutAMetricThatExistsAndIsExplained() throws IOException {
    String alerts = Files.readString(DEPLOY.resolve("alerts.yml"));
    String metrics = Files.readString(Path.of("src", "main", "doc", "METRICS.md"));
    String operations = Files.readString(Path.of("src", "main", "doc", "OPERATIONS.md"));
    Set<String> named = found("\\b(quipu_[a-z_]+)", alerts);
    assertThat(named).isNotEmpty();
    assertThat(named)
        .allSatisfy(
            name -> assertThat(metrics).contains("`" + name.replaceFirst("_bucket$", "") + "`"));
    assertThat(found("alert: (\\w+)", alerts))
        .isNotEmpty()
        .allSatisfy(alarm -> assertThat(operations).contains("`" + alarm + "`"));
  }

  @Test
  void everyFileIsMentionedInTheRunbook() throws IOException {
    String operations = Files.readString(Path.of("src", "main", "doc", "OPERATIONS.md"));
    try (Stream<Path> files = Files.walk(DEPLOY)) {
      List<String> names =
          files
              .filter(Files::isRegularFile)
              .map(file -> DEPLOY.resolve(DEPLOY.relativize(file).getName(0)).toString())
              .distinct()
              .toList();
      assertThat(names).allSatisfy(name -> assertThat(operations).contains(name));
    }
  }

  private static int graceSeconds(String text, String pattern) {
    return Integer.parseInt(found(pattern, text).iterator().next());
  }

  private static Set<String> variables(String text) {
    return found("\\b(QUIPU_[A-Z0-9_]+)(?=:|$|\n)", text.replaceAll("(?m)^\\s*#.*$", ""));
  }

  private static Set<String> found(String pattern, String text) {
    Set<String> found = new TreeSet<>();
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }
}
