package io.quipu.tools.demo;

import io.quipu.tools.node.ClusterPlan;
import io.quipu.tools.node.NodeProcess;
import io.quipu.tools.node.OwnCluster;
import io.quipu.tools.node.OwnNode;
import java.util.List;

/** Where the story happens: one node, or several of which one is killed. */
sealed interface Stage {
  /** For people. */
  String ready();

  /** {@code tcp://…} of each node. */
  List<String> tcp();

  /** {@code host:port} of each node's HTTP listener. */
  List<String> http();

  /** The HTTP port of the node at the end of the tunnel. */
  int tunnelPort();

  /** Without the one that is killed. */
  boolean othersGoOn();

  /** The node that is killed. */
  NodeProcess victim();

  void startVictimAgain() throws InterruptedException;

  /** One node, and with it the whole system. */
  record Single(OwnNode own) implements Stage {
    @Override
    public String ready() {
      NodeProcess node = own.node();
      return "the node is ready: process %d, TCP port %d, HTTP port %d, %s"
          .formatted(node.pid(), node.tcpPort(), node.httpPort(), node.postgresDescription());
    }

    @Override
    public List<String> tcp() {
      return List.of("tcp://127.0.0.1:" + own.node().tcpPort());
    }

    @Override
    public List<String> http() {
      return List.of("127.0.0.1:" + own.node().httpPort());
    }

    @Override
    public int tunnelPort() {
      return own.node().httpPort();
    }

    @Override
    public boolean othersGoOn() {
      return false;
    }

    @Override
    public NodeProcess victim() {
      return own.node();
    }

    @Override
    public void startVictimAgain() throws InterruptedException {
      own.startAgain();
    }
  }

  /** Several: the others go on. */
  record Several(OwnCluster own) implements Stage {
    @Override
    public String ready() {
      return "%d nodes are ready: processes %s"
          .formatted(
              own.places().size(),
              String.join(
                  ", ",
                  own.cluster().nodes().stream().map(node -> Long.toString(node.pid())).toList()));
    }

    @Override
    public List<String> tcp() {
      return own.places().stream().map(ClusterPlan.Place::tcp).toList();
    }

    @Override
    public List<String> http() {
      return own.places().stream().map(place -> place.host() + ":" + place.httpPort()).toList();
    }

    @Override
    public int tunnelPort() {
      return own.places().get(0).httpPort();
    }

    @Override
    public boolean othersGoOn() {
      return true;
    }

    @Override
    public NodeProcess victim() {
      return own.cluster().node(0);
    }

    @Override
    public void startVictimAgain() throws InterruptedException {
      own.cluster().startAgain(0);
    }
  }
}
