package io.quipu.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.quipu.model.Change;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.wire.AddMembers;
import io.quipu.protocol.wire.CreateGroup;
import io.quipu.protocol.wire.Leave;
import io.quipu.protocol.wire.RemoveMembers;
import io.quipu.protocol.wire.Rename;
import java.util.List;

/** Changes as they stand in frames and in the store: a quipu.v1.Change. */
public final class ChangeCodec {
  private ChangeCodec() {}

  public static ByteString encode(Change change) {
    return toWire(change).toByteString();
  }

  /**
   * @throws QuipuException INVALID_CONTENT if this is no change
   */
  public static Change decode(ByteString bytes) {
    try {
      return fromWire(io.quipu.protocol.wire.Change.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      throw new QuipuException(ErrorCode.INVALID_CONTENT, "not a change: " + e.getMessage());
    }
  }

  static io.quipu.protocol.wire.Change toWire(Change change) {
    var wire = io.quipu.protocol.wire.Change.newBuilder();
    if (change instanceof Change.Create create) {
      wire.setCreate(
          CreateGroup.newBuilder().setTitle(create.title()).addAllMembers(names(create.members())));
    } else if (change instanceof Change.Add add) {
      wire.setAdd(AddMembers.newBuilder().addAllMembers(names(add.members())));
    } else if (change instanceof Change.Remove remove) {
      wire.setRemove(RemoveMembers.newBuilder().addAllMembers(names(remove.members())));
    } else if (change instanceof Change.Leave) {
      wire.setLeave(Leave.getDefaultInstance());
    } else if (change instanceof Change.Rename rename) {
      wire.setRename(Rename.newBuilder().setTitle(rename.title()));
    }
    return wire.build();
  }

  static Change fromWire(io.quipu.protocol.wire.Change wire) {
    return switch (wire.getChangeCase()) {
      case CREATE ->
          new Change.Create(wire.getCreate().getTitle(), users(wire.getCreate().getMembersList()));
      case ADD -> new Change.Add(users(wire.getAdd().getMembersList()));
      case REMOVE -> new Change.Remove(users(wire.getRemove().getMembersList()));
      case LEAVE -> new Change.Leave();
      case RENAME -> new Change.Rename(wire.getRename().getTitle());
      case CHANGE_NOT_SET ->
          throw new QuipuException(
              ErrorCode.INVALID_CONTENT, "a change that this version does not know");
    };
  }

  private static List<String> names(List<UserId> users) {
    return users.stream().map(UserId::value).toList();
  }

  private static List<UserId> users(List<String> names) {
    return names.stream().map(UserId::new).toList();
  }
}
