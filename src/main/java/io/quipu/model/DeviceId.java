package io.quipu.model;

/**
 * One installation of a client, named by itself; unique within its user.
 *
 * @param value the same rule as {@link UserId}
 */
public record DeviceId(String value) {
  /**
   * @throws QuipuException INVALID_ID
   */
  public DeviceId {
    Ids.checked("device", value);
  }

  @Override
  public String toString() {
    return value;
  }
}
