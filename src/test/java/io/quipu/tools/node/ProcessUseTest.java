package io.quipu.tools.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
final class ProcessUseTest {
  private static final ProcessHandle SELF = ProcessHandle.current();

  @Test
  void whatIsUsedIsSeen() {
    long before = ProcessUse.of(SELF.pid()).orElseThrow().cpuUs();
    long sum = 0;
    long until = System.nanoTime() + 200_000_000L;
    while (System.nanoTime() < until) {
      sum += System.nanoTime() % 7;
    }
    ProcessUse after = ProcessUse.of(SELF.pid()).orElseThrow();

    assertThat(sum).isPositive();
    assertThat(after.cpuUs() - before).isGreaterThanOrEqualTo(50_000);
    assertThat(after.residentBytes()).isGreaterThan(10_000_000);
  }

  @Test
  void aChildThatHasEndedStillCounts() throws IOException, InterruptedException {
    long before = ProcessUse.withChildren(SELF).orElseThrow().cpuUs();
    long ownBefore = ProcessUse.of(SELF.pid()).orElseThrow().cpuUs();
    Process child =
        new ProcessBuilder("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done").start();
    assertThat(child.waitFor()).isZero();
    long own = ProcessUse.of(SELF.pid()).orElseThrow().cpuUs() - ownBefore;
    long all = ProcessUse.withChildren(SELF).orElseThrow().cpuUs() - before;

    assertThat(all - own).isGreaterThanOrEqualTo(20_000);
  }

  @Test
  void whoIsNotThereHasUsedNothing() {
    assertThat(ProcessUse.of(Long.MAX_VALUE)).isEqualTo(Optional.empty());
  }
}
