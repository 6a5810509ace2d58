package io.quipu.server.cluster;

import io.quipu.model.UserId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The sessions of this node, for all its event loops. Lists are replaced, never changed, so a
 * reader needs no lock. Its size is the number of open sessions.
 */
public final class LocalRegistry implements Registry, OnlineUsers {
  private final ConcurrentMap<UserId, List<Entry>> sessions = new ConcurrentHashMap<>();
  private final List<Consumer<UserId>> listeners = new CopyOnWriteArrayList<>();

  @Override
  public List<Entry> register(Entry entry) {
    List<Entry> older = new ArrayList<>();
    sessions.merge(
        entry.user(),
        List.of(entry),
        (known, added) -> {
          older.clear();
          for (Entry one : known) {
            if (one.device().equals(entry.device()) && one.generation() < entry.generation()) {
              older.add(one);
            }
          }
          List<Entry> next = new ArrayList<>(known);
          next.add(entry);
          return List.copyOf(next);
        });
    changed(entry.user());
    return List.copyOf(older);
  }

  @Override
  public void unregister(Entry entry) {
    sessions.computeIfPresent(
        entry.user(),
        (user, known) -> {
          List<Entry> left = new ArrayList<>(known);
          left.remove(entry);
          return left.isEmpty() ? null : List.copyOf(left);
        });
    changed(entry.user());
  }

  private void changed(UserId user) {
    listeners.forEach(listener -> listener.accept(user));
  }

  @Override
  public boolean isOnline(UserId user) {
    return sessions.containsKey(user);
  }

  @Override
  public void onChange(Consumer<UserId> listener) {
    listeners.add(listener);
  }

  @Override
  public List<Entry> locate(UserId user) {
    return sessions.getOrDefault(user, List.of());
  }
}
