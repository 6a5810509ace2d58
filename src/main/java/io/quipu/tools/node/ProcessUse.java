package io.quipu.tools.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process and its children have used so far, from Linux's {@code /proc}.
 *
 * @param cpuUs processor time in microseconds, of user and kernel. With children: those that run,
 *     and those that ended since their parent started
 * @param residentBytes memory; a page shared by several processes counts once
 */
public record ProcessUse(long cpuUs, long residentBytes) {
  /** Of all Linux systems that Java runs on: the kernel shows times in this unit (USER_HZ). */
  private static final long US_PER_TICK = 10_000;

  private static final Pattern PSS = Pattern.compile("(?m)^Pss:\\s+(\\d+) kB");

  /** Of this one process; empty where there is no {@code /proc} or no such process. */
  public static Optional<ProcessUse> of(long pid) {
    return stat(pid).map(stat -> new ProcessUse(stat.own() * US_PER_TICK, resident(pid)));
  }

  /** Of a process with everything below it. */
  public static Optional<ProcessUse> withChildren(ProcessHandle root) {
    Optional<Stat> top = stat(root.pid());
    if (top.isEmpty()) {
      return Optional.empty();
    }
    long ticks = top.get().own() + top.get().endedChildren();
    long bytes = resident(root.pid());
    for (ProcessHandle child : root.descendants().toList()) {
      // One that has ended in the meantime is in its parent's count the next time.
      Optional<Stat> stat = stat(child.pid());
      ticks += stat.map(Stat::own).orElse(0L) + stat.map(Stat::endedChildren).orElse(0L);
      bytes += resident(child.pid());
    }
    return Optional.of(new ProcessUse(ticks * US_PER_TICK, bytes));
  }

  private record Stat(long own, long endedChildren) {}

  private static Optional<Stat> stat(long pid) {
    try {
      String line = Files.readString(Path.of("/proc", String.valueOf(pid), "stat"));
      // The name stands in parentheses and may hold anything, parentheses and spaces too.
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      return Optional.of(
          new Stat(
              Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
              Long.parseLong(fields[13]) + Long.parseLong(fields[14])));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static long resident(long pid) {
    try {
      Matcher pss =
          PSS.matcher(Files.readString(Path.of("/proc", String.valueOf(pid), "smaps_rollup")));
      return pss.find() ? Long.parseLong(pss.group(1)) * 1024 : 0;
    } catch (IOException e) {
      return 0;
    }
  }
}
