package io.quipu.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Spin models of src/test/model hold, and find every hole that is planted in them. Needs spin
 * and gcc; {@code -Dsim.models=quick} or {@code full} runs more of them.
 */
class ModelTest {
  private static final int PATIENCE_MINUTES = 40;

  @Test
  void theModelsHoldAndFindWhatIsPlanted(@TempDir Path folder)
      throws IOException, InterruptedException {
    if (!isInstalled("spin") || !isInstalled("gcc")) {
      String line = "spin or gcc is not installed: the models of src/test/model are NOT CHECKED";
      System.err.println("************ " + line + " ************");
      Assumptions.abort(line);
    }
    Path output = folder.resolve("models.txt");
    Process process =
        new ProcessBuilder(
                "bash", "src/test/model/run.sh", System.getProperty("sim.models", "small"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
      String rows = Files.readString(output, StandardCharsets.UTF_8);
      System.out.print(rows);
      assertThat(ended).as("ended within %d minutes", PATIENCE_MINUTES).isTrue();
      assertThat(process.exitValue()).as(rows).isZero();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
