package io.quipu.server.journal;

import io.quipu.model.Retention;
import io.quipu.server.config.Configuration;

/**
 * How long bodies are kept, in days of 24 hours; 0 = for ever.
 *
 * @param defaultDays of conversations without a rule of their own
 * @param minDays a conversation's own rule is not shorter
 * @param maxDays no rule is longer; 0 = any may be, and for ever
 */
public record RetentionRules(int defaultDays, int minDays, int maxDays) {
  /** Nothing is ever erased, unless a conversation says so. */
  public static final RetentionRules KEEP = new RetentionRules(0, 1, 0);

  public static RetentionRules of(Configuration.Retention configured) {
    return new RetentionRules(configured.defaultDays(), configured.minDays(), configured.maxDays());
  }

  /** Whether a conversation may have this rule. */
  public boolean allow(Retention wanted) {
    if (wanted instanceof Retention.Days own) {
      return own.days() >= minDays && (maxDays == 0 || own.days() <= maxDays);
    }
    return wanted instanceof Retention.AsServer || maxDays == 0;
  }

  /**
   * @param own of a conversation, as the store has it: a rule from when others were allowed counts
   *     as the nearest one that is
   */
  public int days(int own) {
    if (own == 0) {
      return maxDays;
    }
    int atLeast = Math.max(own, minDays);
    return maxDays == 0 ? atLeast : Math.min(atLeast, maxDays);
  }

  /** For people. */
  public String allowed() {
    return maxDays == 0
        ? "at least " + minDays + " days, or for ever"
        : "from " + minDays + " to " + maxDays + " days";
  }
}
