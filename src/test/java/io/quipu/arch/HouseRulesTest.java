package io.quipu.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Who may know whom. A rule whose package does not exist breaks nothing; a rule that stands in the
 * way is changed here, with a reason, and nowhere else.
 */
@AnalyzeClasses(packages = "io.quipu", importOptions = ImportOption.DoNotIncludeTests.class)
final class HouseRulesTest {
  private static final String ROOT = "io.quipu.server.QuipuServer";

  /** What the root stands on, in a file of its own: one alone would be too long to read. */
  private static final String CLUSTER_ROOT = "io.quipu.server.ClusterParts";

  /** Starts the embedded stores of a cluster on one machine, in a process that has no node. */
  private static final String LOCAL_STORES = "io.quipu.server.LocalStores";

  /** The way to the server from the command line: the composition root and its configuration. */
  private static final String[] SERVER_FACE = {"io.quipu.server", "io.quipu.server.config.."};

  /** Classes that are state machines, {@code step(event, nowMs) -> effects}, and nothing else. */
  private static final Set<String> PURE =
      Set.of(
          "io.quipu.server.sequencer.Sequencer",
          "io.quipu.server.sequencer.DedupeWindow",
          "io.quipu.server.sequencer.OwnerLinks",
          "io.quipu.server.sequencer.Roster",
          "io.quipu.server.recipient.DeliveryWindow",
          "io.quipu.server.recipient.RetryPolicy",
          "io.quipu.server.recipient.RecipientSession",
          "io.quipu.server.recipient.SyncPlan",
          "io.quipu.server.recipient.SyncAssembly",
          "io.quipu.server.recipient.Suspects",
          "io.quipu.server.recipient.CursorBuffer",
          "io.quipu.server.recipient.Alarms",
          "io.quipu.server.recipient.Outstanding",
          "io.quipu.server.recipient.Ranges",
          "io.quipu.server.recipient.StorePause",
          "io.quipu.server.session.Session",
          "io.quipu.server.session.Sends",
          "io.quipu.server.session.Unresolved",
          "io.quipu.server.session.AppendLink",
          "io.quipu.server.connection.DeadlineWheel",
          "io.quipu.server.cluster.PeerWindow",
          "io.quipu.server.cluster.BusCodec",
          "io.quipu.server.cluster.BusToWire",
          "io.quipu.server.cluster.BusFromWire",
          "io.quipu.client.Outbox",
          "io.quipu.client.Lane",
          "io.quipu.client.Inbox",
          "io.quipu.client.Place",
          "io.quipu.client.CatchUp",
          "io.quipu.client.Lifecycle",
          "io.quipu.client.Backoff",
          "io.quipu.tools.chat.ChatScreen",
          "io.quipu.tools.chat.OpenConversation",
          "io.quipu.tools.chat.Outgoing",
          "io.quipu.tools.chat.Elsewhere",
          "io.quipu.tools.chat.Receipts",
          "io.quipu.tools.chat.People",
          "io.quipu.tools.chat.Listing",
          "io.quipu.tools.chat.Rendering",
          "io.quipu.tools.chat.Command");

  /** The one class of the client that asks the machine for time and chance. */
  private static final String CLIENT_TIME = "io.quipu.client.ClientTime";

  /** The one class behind the port {@code Bus} that touches the event bus of Vert.x. */
  private static final String EVENT_BUS = "io.quipu.server.cluster.VertxBus";

  /** Calls that ask the machine for time or chance: the class, and the methods of it. */
  private static final Map<String, Set<String>> TIME_AND_CHANCE =
      Map.of(
          "java.lang.System", Set.of("currentTimeMillis", "nanoTime"),
          "java.lang.Math", Set.of("random"),
          "java.time.Instant", Set.of("now"),
          "java.time.LocalDate", Set.of("now"),
          "java.time.LocalDateTime", Set.of("now"),
          "java.time.OffsetDateTime", Set.of("now"),
          "java.time.ZonedDateTime", Set.of("now"),
          "java.time.Clock", Set.of("systemUTC", "systemDefaultZone", "system"),
          "java.util.UUID", Set.of("randomUUID"),
          "java.util.concurrent.ThreadLocalRandom", Set.of("current"));

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices()
          .assignedFrom(eachPackage())
          .should()
          .beFreeOfCycles()
          .because("a package that knows its user cannot be understood, tested or moved alone");

  @ArchTest
  static final ArchRule modelKnowsOnlyTheJdkAndByteString =
      classes()
          .that()
          .resideInAPackage("io.quipu.model..")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage("io.quipu.model..", "java..")
                  .or(named("com.google.protobuf.ByteString"))
                  .or(named("com.google.protobuf.ByteString[]"))
                  .or(describe("primitives", c -> c.getBaseComponentType().isPrimitive())));

  @ArchTest
  static final ArchRule protocolKnowsOnlyModel =
      onlyKnows("io.quipu.protocol..", "io.quipu.protocol..", "io.quipu.model..");

  @ArchTest
  static final ArchRule clientKnowsOnlyProtocolAndModel =
      onlyKnows("io.quipu.client..", "io.quipu.client..", "io.quipu.protocol..", "io.quipu.model..")
          .because("its jar holds nothing else");

  @ArchTest
  static final ArchRule serverKnowsNeitherClientNorTools =
      onlyKnows(
          "io.quipu.server..", "io.quipu.server..", "io.quipu.protocol..", "io.quipu.model..");

  @ArchTest
  static final ArchRule toolsKnowTheServerOnlyByItsFace =
      noClasses()
          .that()
          .resideInAPackage("io.quipu.tools..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("io.quipu.server..").and(not(resideInAnyPackage(SERVER_FACE))));

  @ArchTest
  static final ArchRule onlyTheCommandLineStartsAServer =
      noClasses()
          .that()
          .resideInAPackage("io.quipu.tools..")
          .and()
          .resideOutsideOfPackage("io.quipu.tools.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.quipu.server..");

  @ArchTest
  static final ArchRule theWriteHalfDoesNotKnowTheReadHalf =
      noClasses()
          .that()
          .resideInAnyPackage("io.quipu.server.sequencer..", "io.quipu.server.fanout..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.quipu.server.session..", "io.quipu.server.recipient..");

  @ArchTest
  static final ArchRule theReadHalfDoesNotKnowTheWriteHalf =
      noClasses()
          .that()
          .resideInAnyPackage("io.quipu.server.session..", "io.quipu.server.recipient..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.quipu.server.sequencer..", "io.quipu.server.fanout..");

  /** Ports live beside their users: an adapter may know the interfaces and values of a package. */
  @ArchTest
  static final ArchRule adaptersKnowPortsAndModel =
      noClasses()
          .that()
          .resideInAPackage("io.quipu.server.adapter..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                      "io.quipu.server",
                      "io.quipu.server.connection..",
                      "io.quipu.server.session..",
                      "io.quipu.server.sequencer..",
                      "io.quipu.server.fanout..",
                      "io.quipu.server.recipient..",
                      "io.quipu.server.http..")
                  .and(
                      describe(
                          "are neither interface, record nor enum",
                          c -> !c.isInterface() && !c.isRecord() && !c.isEnum())));

  @ArchTest
  static final ArchRule adaptersDoNotKnowEachOther =
      slices()
          .matching("io.quipu.server.adapter.(*)..")
          .namingSlices("adapter $1")
          .should()
          .notDependOnEachOther();

  @ArchTest
  static final ArchRule onlyTheCompositionRootNamesAdapters =
      noClasses()
          .that(are(not(nestedIn(ROOT).or(nestedIn(CLUSTER_ROOT)).or(nestedIn(LOCAL_STORES)))))
          .and()
          .resideOutsideOfPackage("io.quipu.server.adapter..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.quipu.server.adapter..");

  /**
   * The tools have sockets of their own: a proxy that loses and delays, a load of thousands. The
   * adapter of PostgreSQL looks for a free port for the embedded one, and cuts a connection whose
   * answer does not come: its driver's own close waits for that answer.
   */
  @ArchTest
  static final ArchRule socketsOnlyInConnectionAndTheClientsTransports =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.quipu.server.connection..",
              "io.quipu.server.adapter.postgres..",
              "io.quipu.tools..")
          .and(
              are(
                  not(
                      describe(
                          "the client's transports",
                          c ->
                              c.getPackageName().startsWith("io.quipu.client")
                                  && outermost(c).contains("Transport")))))
          .should()
          .dependOnClassesThat(
              describe(
                  "are sockets",
                  c ->
                      c.getPackageName().startsWith("io.netty.channel")
                          || c.getPackageName().startsWith("io.netty.handler")
                          || c.getName().matches("io\\.vertx\\.core\\.net\\.(NetSocket|NetClient)")
                          || c.getName().equals("io.vertx.core.net.NetServer")
                          || c.getName().startsWith("io.vertx.core.internal.net.")
                          || c.getName()
                              .matches(
                                  "io\\.vertx\\.core\\.http\\.(Server)?WebSocket(Client|Base)?")
                          || c.getName().matches("java\\.net\\.(Server|Datagram)?Socket")
                          || c.getName().matches("java\\.nio\\.channels\\..*SocketChannel")));

  @ArchTest
  static final ArchRule theEventBusOnlyInVertxBus =
      noClasses()
          .that(are(not(nestedIn(EVENT_BUS))))
          .should()
          .callMethodWhere(
              describe(
                  "Vertx.eventBus()",
                  call ->
                      call.getName().equals("eventBus")
                          && call.getTargetOwner().isAssignableTo(Vertx.class)));

  @ArchTest
  static final ArchRule sqlOnlyInItsAdapter =
      onlyIn(
          "io.quipu.server.adapter.postgres..",
          "io.vertx.sqlclient..",
          "io.vertx.pgclient..",
          "java.sql..",
          "javax.sql..",
          "org.postgresql..",
          "org.flywaydb..");

  @ArchTest
  static final ArchRule redisOnlyInItsAdapter =
      onlyIn("io.quipu.server.adapter.redis..", "io.vertx.redis..", "redis.embedded..");

  @ArchTest
  static final ArchRule hazelcastOnlyInItsAdapter =
      onlyIn(
          "io.quipu.server.adapter.hazelcast..",
          "com.hazelcast..",
          "io.vertx.spi.cluster.hazelcast..");

  @ArchTest
  static final ArchRule generatedClassesStayInProtocol =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.quipu.protocol..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.quipu.protocol.wire..");

  @ArchTest
  static final ArchRule theWireBetweenNodesStaysInCluster =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.quipu.server.cluster..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.quipu.server.cluster.wire..");

  @ArchTest
  static final ArchRule pureClassesKnowNoOutsideWorld =
      noClasses()
          .that(are(describe("pure", c -> PURE.contains(outermost(c)))))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                      "io.vertx..",
                      "io.netty..",
                      "org.slf4j..",
                      "java.util.logging..",
                      "java.util.concurrent..",
                      "java.io..",
                      "java.nio.file..",
                      "java.net..")
                  .and(
                      not(
                          describe(
                              "harmless",
                              c ->
                                  c.getName().equals("java.util.concurrent.TimeUnit")
                                      || c.getName().equals("java.io.Serializable"))))
                  .or(named("java.time.Clock"))
                  .or(assignableTo(Random.class))
                  .as("Vert.x, loggers, clocks, threads, files or random"))
          .orShould(askTheMachineForTimeOrChance());

  @ArchTest
  static final ArchRule timeAndChanceComeFromTime =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.quipu.server.time..", "io.quipu.tools..")
          .and(are(not(nestedIn(CLIENT_TIME))))
          .should(askTheMachineForTimeOrChance())
          .because("the simulation owns them");

  /** {@code packages} may know, of Quipu, only {@code known}. */
  private static ArchRule onlyKnows(String packages, String... known) {
    return noClasses()
        .that()
        .resideInAPackage(packages)
        .should()
        .dependOnClassesThat(resideInAnyPackage("io.quipu..").and(not(resideInAnyPackage(known))));
  }

  private static ArchRule onlyIn(String home, String... foreign) {
    return noClasses()
        .that()
        .resideOutsideOfPackage(home)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(foreign);
  }

  private static ArchCondition<JavaClass> askTheMachineForTimeOrChance() {
    return new ArchCondition<>("ask the machine for time or chance") {
      @Override
      public void check(JavaClass item, ConditionEvents events) {
        for (JavaAccess<?> access : item.getAccessesFromSelf()) {
          JavaClass owner = access.getTargetOwner();
          boolean asks =
              TIME_AND_CHANCE.getOrDefault(owner.getName(), Set.of()).contains(access.getName())
                  || access.getName().equals("<init>")
                      && owner.isAssignableTo(Random.class)
                      // Secrets are not chance: no simulation replays them.
                      && !owner.isEquivalentTo(SecureRandom.class);
          if (asks) {
            events.add(SimpleConditionEvent.satisfied(access, access.getDescription()));
          }
        }
      }
    };
  }

  private static SliceAssignment eachPackage() {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
        return SliceIdentifier.of(javaClass.getPackageName());
      }

      @Override
      public String getDescription() {
        return "packages";
      }
    };
  }

  private static DescribedPredicate<JavaClass> are(DescribedPredicate<JavaClass> predicate) {
    return predicate;
  }

  private static DescribedPredicate<JavaClass> named(String name) {
    return describe(name, c -> c.getName().equals(name));
  }

  private static DescribedPredicate<JavaClass> nestedIn(String name) {
    return describe(name, c -> outermost(c).equals(name));
  }

  /** The full name of the top-level class that holds {@code c}. */
  private static String outermost(JavaClass c) {
    String name = c.getName();
    int dollar = name.indexOf('$');
    return dollar < 0 ? name : name.substring(0, dollar);
  }
}
