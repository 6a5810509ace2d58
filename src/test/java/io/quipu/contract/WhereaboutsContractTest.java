package io.quipu.contract;

import static io.quipu.contract.WhereaboutsUnderTest.A;
import static io.quipu.contract.WhereaboutsUnderTest.B;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quipu.contract.WhereaboutsUnderTest.Node;
import io.quipu.contract.WhereaboutsUnderTest.Pair;
import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import io.quipu.server.adapter.redis.RedisNode.Told;
import io.quipu.server.cluster.Address;
import io.quipu.server.cluster.NodeId;
import io.quipu.server.cluster.NodeParcel.Newcomer;
import io.quipu.server.cluster.Registry;
import io.quipu.server.cluster.SessionAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource
final class WhereaboutsContractTest {
  private static final UserId ANN = new UserId("ann");
  private static final DeviceId PHONE = new DeviceId("phone");

  @Parameter WhereaboutsUnderTest where;

  private Pair pair;
  private Node a;
  private Node b;
  private long sessions;

  @BeforeEach
  void open() {
    pair = where.open();
    a = pair.a();
    b = pair.b();
    isOn(a);
    isOn(b);
  }

  @AfterEach
  void close() {
    pair.close().run();
  }

  private Registry.Entry session(NodeId node, String device, long generation) {
    return new Registry.Entry(
        ANN,
        new DeviceId(device),
        generation,
        new SessionAddress(new Address.Loop(node, 1), ++sessions));
  }

  private static void isOn(Node asking, NodeId... nodes) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> asking.whereabouts().nodesOf(ANN).equals(Optional.of(Set.of(nodes))));
  }

  private static void isUnknown(Node asking) {
    await().atMost(Duration.ofSeconds(20)).until(() -> asking.whereabouts().nodesOf(ANN).isEmpty());
  }

  private static void hasTold(Node node, Optional<NodeId> whom, long generation) {
    Told told = new Told(whom, new Newcomer(ANN, PHONE, generation));
    await().atMost(Duration.ofSeconds(20)).until(() -> node.told().contains(told));
  }

  @Test
  void aUserIsOnTheNodesOfAllHisSessionsUntilTheyLeave() {
    Registry.Entry phone = session(A, "phone", 1);
    Registry.Entry tablet = session(A, "tablet", 1);
    Registry.Entry laptop = session(B, "laptop", 1);
    a.comes(phone);
    isOn(b, A);
    a.comes(tablet);
    b.comes(laptop);
    isOn(a, A, B);
    a.leaves(phone);
    b.leaves(laptop);
    isOn(a, A);
    a.leaves(tablet);
    isOn(b);
    assertThat(a.told()).isEmpty();
  }

  @Test
  void theOlderSessionOfADeviceGivesWayWhereItIs() {
    a.comes(session(A, "phone", 1));
    isOn(b, A);
    b.comes(session(B, "phone", 2));
    hasTold(b, Optional.of(A), 2);
    isOn(a, B);
  }

  @Test
  void whoComesAfterANewerOneGivesWayHimself() {
    b.comes(session(B, "phone", 2));
    isOn(a, B);
    a.comes(session(A, "phone", 1));
    hasTold(a, Optional.of(A), 2);
    isOn(a, B);
  }

  @Test
  void whatLeavesIsNotItsSuccessor() {
    Registry.Entry older = session(A, "phone", 1);
    a.comes(older);
    isOn(b, A);
    b.comes(session(B, "phone", 2));
    isOn(a, B);
    a.leaves(older);
    a.comes(session(A, "tablet", 1));
    isOn(b, A, B);
  }

  @Test
  void awayNothingIsKnownAndAllAreToldOfNewcomers() {
    pair.away().run();
    isUnknown(a);
    isUnknown(b);
    a.comes(session(A, "phone", 3));
    hasTold(a, Optional.empty(), 3);
    pair.back().run();
    b.comes(session(B, "laptop", 1));
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> a.whereabouts().nodesOf(ANN).filter(nodes -> nodes.contains(B)).isPresent());
  }
}
