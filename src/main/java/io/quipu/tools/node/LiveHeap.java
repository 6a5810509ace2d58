package io.quipu.tools.node;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What lives on the heap of another Java process, after a full collection, from {@code jcmd
 * GC.class_histogram} of the JDK that runs this one.
 *
 * @param bytes of everything
 * @param quipuObjects how many there are of each of Quipu's own classes
 */
public record LiveHeap(long bytes, Map<String, Long> quipuObjects) {
  private static final Pattern LINE = Pattern.compile("\\s*\\d+:\\s+(\\d+)\\s+\\d+\\s+(\\S+).*");
  private static final Pattern TOTAL = Pattern.compile("Total\\s+\\d+\\s+(\\d+)");

  public LiveHeap {
    quipuObjects = Map.copyOf(quipuObjects);
  }

  /** Empty where there is no jcmd (a JRE), or no such process. */
  public static Optional<LiveHeap> of(long pid) throws InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      return Optional.empty();
    }
    try {
      Process process =
          new ProcessBuilder(jcmd.toString(), String.valueOf(pid), "GC.class_histogram")
              .redirectError(new File("/dev/null"))
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? parsed(text) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  static Optional<LiveHeap> parsed(String histogram) {
    Map<String, Long> objects = new HashMap<>();
    for (String line : histogram.split("\n", -1)) {
      Matcher found = LINE.matcher(line);
      if (found.matches() && found.group(2).startsWith("io.quipu.")) {
        objects.merge(found.group(2), Long.parseLong(found.group(1)), Long::sum);
      }
    }
    Matcher total = TOTAL.matcher(histogram);
    return total.find()
        ? Optional.of(new LiveHeap(Long.parseLong(total.group(1)), objects))
        : Optional.empty();
  }

  /** Of all of Quipu's own classes together. */
  public long quipuObjectCount() {
    return quipuObjects.values().stream().mapToLong(Long::longValue).sum();
  }
}
