package io.quipu.model;

/** Seqs that a reader is not sent; his cursor moves over them. Both ends are included. */
public record Gap(long fromSeq, long toSeq, Reason reason) {
  public Gap {
    if (fromSeq < 1 || toSeq < fromSeq) {
      throw new IllegalArgumentException("gap " + fromSeq + " to " + toSeq);
    }
  }

  /** Why. */
  public enum Reason {
    /** Outside the reader's membership. */
    NOT_VISIBLE,
    /** A new device gets the newest messages only; history has the others. */
    OLDER
  }
}
