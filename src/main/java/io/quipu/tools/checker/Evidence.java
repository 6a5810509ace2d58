package io.quipu.tools.checker;

import io.quipu.tools.checker.Findings.Found;
import io.quipu.tools.checker.Findings.Query;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The second reading: finds the lines of anomalies that the first could not keep, since it would
 * have had to keep the line of every delivery. Only if there are such anomalies.
 */
final class Evidence {
  private final Map<String, List<Query>> open = new HashMap<>();
  private final Map<Query, Long> found = new HashMap<>();

  private Evidence() {}

  static List<Anomaly> complete(List<Path> files, Findings findings, Consumer<String> progress) {
    Evidence evidence = new Evidence();
    for (Found one : findings.kept()) {
      one.query().ifPresent(evidence::open);
    }
    if (!evidence.open.isEmpty()) {
      progress.accept("check: looking for the lines that show it");
      for (int file = 0; file < files.size(); file++) {
        evidence.read(files.get(file), file);
      }
    }
    List<Anomaly> anomalies = new ArrayList<>();
    for (Found one : findings.kept()) {
      TreeSet<Long> lines = new TreeSet<>(one.lines());
      one.query().map(evidence.found::get).ifPresent(lines::add);
      anomalies.add(
          new Anomaly(
              one.rule(),
              one.what(),
              lines.stream()
                  .map(line -> new Anomaly.Line(Checker.fileOf(line), Checker.lineOf(line)))
                  .toList()));
    }
    return anomalies;
  }

  private void open(Query query) {
    open.computeIfAbsent(query.device(), none -> new ArrayList<>()).add(query);
  }

  private void read(Path path, int file) {
    try (HistoryReader reader = new HistoryReader(path)) {
      Optional<HistoryEvent> event = reader.next();
      while (event.isPresent() && !open.isEmpty()) {
        if (event.get() instanceof HistoryEvent.OfDevice ofDevice) {
          answer(ofDevice, Checker.line(file, reader.line()));
        }
        event = reader.next();
      }
    }
  }

  private void answer(HistoryEvent.OfDevice event, long line) {
    List<Query> queries = open.get(event.device());
    if (queries == null) {
      return;
    }
    queries.removeIf(
        query -> {
          boolean is = shows(event, query);
          if (is) {
            found.put(query, line);
          }
          return is;
        });
    if (queries.isEmpty()) {
      open.remove(event.device());
    }
  }

  private static boolean shows(HistoryEvent.OfDevice event, Query query) {
    if (query.kind() == Query.Kind.RECEIVED) {
      return event instanceof HistoryEvent.Received batch
          && batch.conversation().equals(query.conversation())
          && batch.messages().stream().anyMatch(message -> message.seq() == query.seq());
    }
    if (event instanceof HistoryEvent.DeliverAck ack) {
      return ack.conversation().equals(query.conversation()) && ack.seq() >= query.seq();
    }
    return event instanceof HistoryEvent.Taken taken
        && taken.conversation().equals(query.conversation())
        && taken.seq() > query.seq();
  }
}
