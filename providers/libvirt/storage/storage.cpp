#include "providers/libvirt/storage/storage.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <functional>
#include <optional>
#include <utility>

#include "engine/values/text/shell_word.h"
#include "providers/image/seed_iso.h"
#include "providers/libvirt/impl.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/pool.h"
#include "providers/libvirt/storage/storage_xml.h"

namespace vscale::libvirt {
namespace {

/// Two who send the same image take turns, and the second finds it complete. Others need none: a refresh at the end of
/// one disturbs no other.
std::string upload_turn(const VolumeRef& volume) {
  return fmt::format("upload {}/{}", volume.pool, volume.name);
}

template <class T>
using VolumeWork = std::function<Result<T>(virConnectPtr, virStorageVolPtr)>;

/// Does something with a volume; `not_found` only after the pool was looked at anew.
template <class T>
Result<T> with_volume(LibvirtHost& host, const VolumeRef& volume, const std::string& doing, const VolumeWork<T>& work) {
  const std::function<Result<T>(virConnectPtr)> once = [volume, work](virConnectPtr connection) -> Result<T> {
    Result<StorageVolume> found = find_volume(connection, volume);
    if (!found) return found.error();
    return work(connection, found->get());
  };
  Result<T> answer = host.link()->call<T>(doing, once);
  if (answer || answer.error().kind != ErrorKind::not_found) return answer;
  if (Result<void> refreshed = refresh_until_it_works(host, volume.pool); !refreshed) return refreshed.error();
  return host.link()->call<T>(doing, once);
}

Result<void> delete_found(virStorageVolPtr found, const VolumeRef& volume) {
  // Deleting a file that is not there any more is a success for libvirt, also where its whole directory is gone, with
  // what was in it. Its info tells: `not_found` then, and a look at the pool says which of the two it is.
  virStorageVolInfo info{};
  if (virStorageVolGetInfo(found, &info) != 0 && last_code() == VIR_ERR_NO_STORAGE_VOL) {
    return last_failure().told(told(volume) + " is not there any more");
  }
  if (virStorageVolDelete(found, 0) == 0 || last_code() == VIR_ERR_NO_STORAGE_VOL) return {};
  return last_failure().told(told(volume) + " cannot be deleted", "see who uses it with `virsh vol-info`");
}

/// The turn at the pool is the caller's.
Result<void> delete_in_turn(LibvirtHost& host, const VolumeRef& volume) {
  Result<void> deleted =
      with_volume<void>(host, volume, "delete a volume",
                        [volume](virConnectPtr, virStorageVolPtr found) { return delete_found(found, volume); });
  if (!deleted && deleted.error().kind == ErrorKind::not_found) return {};
  return deleted;
}

Result<void> create_once(virConnectPtr connection, const VolumeRef& volume, const std::string& xml) {
  Result<StoragePool> pool = find_pool(connection, volume.host, volume.pool);
  if (!pool) return pool.error();
  if (const StorageVolume existing{virStorageVolLookupByName(pool->get(), volume.name.c_str())}; existing) {
    virStorageVolInfo info{};
    const bool gone = virStorageVolGetInfo(existing.get(), &info) != 0 && last_code() == VIR_ERR_NO_STORAGE_VOL;
    // Known, and its file is gone: only another look makes libvirt forget it.
    if (gone) return Error{ErrorKind::conflict, told(volume) + " is known there, and its file is gone", "", ""};
    return Error{ErrorKind::exists, told(volume) + " is there already", "", "delete it, or choose another name"};
  }
  const StorageVolume created{virStorageVolCreateXML(pool->get(), xml.c_str(), 0)};
  if (created) return {};
  return with_room_looked_at(last_failure().told(told(volume) + " cannot be created"), connection, volume,
                             kFullPoolBytes);
}

/// The turn at the pool is the caller's. A file that libvirt does not know yet is `exists` as well, and never written
/// over.
Result<void> create_in_turn(LibvirtHost& host, const VolumeRef& volume, const VolumeText& text) {
  Result<std::string> xml = write_volume_xml(text);
  if (!xml) return xml.error();
  const std::function<Result<void>(virConnectPtr)> once = [volume, xml = *xml](virConnectPtr connection) {
    return create_once(connection, volume, xml);
  };
  Result<void> created = host.link()->call<void>("create a volume", once);
  if (created || created.error().kind != ErrorKind::conflict) return created;
  if (Result<void> refreshed = refresh_until_it_works(host, volume.pool); !refreshed) return refreshed;
  return host.link()->call<void>("create a volume", once);
}

// ---- Sending --------------------------------------------------------------------------------------------------------

/// How long the file is. Read anew each time.
Result<std::uint64_t> length_of(virStorageVolPtr found, const VolumeRef& volume) {
  virStorageVolInfo info{};
  if (virStorageVolGetInfoFlags(found, &info, VIR_STORAGE_VOL_GET_PHYSICAL) == 0) return info.allocation;
  return last_failure().told(told(volume) + ": its length cannot be read");
}

/// libvirt says at times that all is well when the pool was full before the last bytes were written.
Result<void> check_arrived(virStorageVolPtr found, const VolumeRef& volume, std::uint64_t size_bytes) {
  const Result<std::uint64_t> length = length_of(found, volume);
  if (!length) return length.error();
  if (*length == size_bytes) return {};
  return Error{ErrorKind::failed,
               fmt::format("{}: only {} of {} bytes have arrived", told(volume), *length, size_bytes),
               {},
               "run it again: an upload starts over"};
}

Result<void> stream_into(LibvirtHost& host, const VolumeRef& volume, const std::shared_ptr<ByteSource>& source,
                         std::uint64_t data_bytes, const ProgressSink& progress) {
  const std::uint64_t size = source->size_bytes();
  auto sending =
      host.link()->start<void>(Lane::stream, fmt::format("take volume \"{}\"", volume.name),
                               [volume, source, size, data_bytes](virConnectPtr connection, Progress& done) {
                                 Result<StorageVolume> found = find_volume(connection, volume);
                                 if (!found) return Result<void>(found.error());
                                 Result<void> sent = send_to_volume(connection, found->get(), *source, done,
                                                                    told(volume) + " could not be sent to the end");
                                 if (sent) sent = check_arrived(found->get(), volume, size);
                                 if (sent) return sent;
                                 return Result<void>(with_room_looked_at(sent.error(), connection, volume, data_bytes));
                               });
  Result<void> sent = sending.wait(host.options().call_timeout, [&](std::uint64_t done) {
    if (progress) progress(done, size);
  });
  if (sent && progress) progress(size, size);
  return sent;
}

/// What the host has to store of a source: its holes cost nothing.
Result<std::uint64_t> data_bytes_of(ByteSource& source) {
  std::uint64_t data = 0;
  for (std::uint64_t offset = 0; offset < source.size_bytes();) {
    Result<ByteSource::Run> run = source.run_at(offset);
    if (!run) return run.error();
    if (run->data) data += run->length_bytes;
    offset += run->length_bytes;
  }
  return data;
}

enum class Place {
  empty,  ///< To be written to.
  taken,  ///< It holds everything already.
};

/// Bytes are written from the first to the last into a file that grows with them, so that one of the full length is
/// complete. The turn at the pool is the caller's.
Result<Place> take_if_complete(LibvirtHost& host, const VolumeRef& volume, std::uint64_t size_bytes) {
  const Result<std::uint64_t> length =
      with_volume<std::uint64_t>(host, volume, "tell how long a volume is",
                                 [volume](virConnectPtr, virStorageVolPtr found) { return length_of(found, volume); });
  if (!length) return length.error();
  if (*length == size_bytes) return Place::taken;
  return Error{
      ErrorKind::exists,
      fmt::format("{} is there already, with {} bytes where the file has {}; guests may stand on it", told(volume),
                  *length, size_bytes),
      {},
      fmt::format("if none does, on any host that shares the pool: `virsh vol-delete --pool {} {}`, and run it "
                  "again",
                  shell_word(volume.pool), shell_word(volume.name))};
}

/// Makes the volume, empty. The turn at the pool is the caller's.
Result<Place> make_place(LibvirtHost& host, const VolumeRef& volume, std::uint64_t size_bytes, IfThere if_there) {
  // Raw, since it is the bytes of the file that are sent, whatever they mean.
  const VolumeText text{
      .name = volume.name, .capacity_bytes = 0, .format = "raw", .backing_path = {}, .backing_format = {}};
  Result<void> created = create_in_turn(host, volume, text);
  if (!created && created.error().kind == ErrorKind::exists) {
    if (if_there == IfThere::take_if_complete) return take_if_complete(host, volume, size_bytes);
    if (if_there == IfThere::replace) {
      if (Result<void> deleted = delete_in_turn(host, volume); !deleted) return deleted.error();
      created = create_in_turn(host, volume, text);
    }
  }
  if (!created) return created.error();
  return Place::empty;
}

// ---- Sizes ----------------------------------------------------------------------------------------------------------

Result<void> grow_live(virConnectPtr connection, virStorageVolPtr found, const VolumeRef& volume, std::uint64_t bytes,
                       const DomainRef& ref) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain) return domain.error();
  const Text path{virStorageVolGetPath(found)};
  if (!path) return last_failure().told(told(volume) + " has no path");
  if (virDomainBlockResize(domain->get(), path.get(), bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES) == 0) return {};
  return last_failure().told(
      fmt::format("{} cannot be grown to {} while {} is up", told(volume), show_bytes(bytes), called(domain->get())));
}

Result<void> grow(virConnectPtr connection, virStorageVolPtr found, const VolumeRef& volume, std::uint64_t bytes,
                  const std::optional<DomainRef>& up_domain) {
  virStorageVolInfo info{};
  if (virStorageVolGetInfo(found, &info) != 0) return last_failure().told(told(volume) + ": its size cannot be read");
  if (info.capacity == bytes) return {};
  if (info.capacity > bytes) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} has {} already and is not made smaller ({} wanted)", told(volume),
                             show_bytes(info.capacity), show_bytes(bytes)),
                 "", "ask for at least its size"};
  }
  if (up_domain) return grow_live(connection, found, volume, bytes, *up_domain);
  if (virStorageVolResize(found, bytes, 0) == 0) return {};
  return with_room_looked_at(
      last_failure().told(fmt::format("{} cannot be grown to {}", told(volume), show_bytes(bytes))), connection, volume,
      kFullPoolBytes);
}

}  // namespace

Result<std::string> volume_path(LibvirtHost& host, const VolumeRef& volume) {
  const auto path_of = [volume](virConnectPtr, virStorageVolPtr found) -> Result<std::string> {
    const Text path{virStorageVolGetPath(found)};
    if (path) return std::string(path.get());
    return last_failure().told(told(volume) + " has no path");
  };
  Result<HostLink::Turn> turn = host.link()->take_turn(pool_turn(volume.pool));
  if (!turn) return turn.error();
  return with_volume<std::string>(host, volume, "find a volume", path_of);
}

Result<void> delete_volume(LibvirtHost& host, const VolumeRef& volume) {
  Result<HostLink::Turn> turn = host.link()->take_turn(pool_turn(volume.pool));
  if (!turn) return turn.error();
  return delete_in_turn(host, volume);
}

Result<void> refresh_pool(LibvirtHost& host, const std::string& pool) {
  Result<HostLink::Turn> turn = host.link()->take_turn(pool_turn(pool));
  if (!turn) return turn.error();
  return refresh_until_it_works(host, pool);
}

Result<void> put_volume(LibvirtHost& host, const VolumeRef& volume, const std::shared_ptr<ByteSource>& source,
                        IfThere if_there, const ProgressSink& progress) {
  const Result<std::uint64_t> needed = data_bytes_of(*source);
  if (!needed) return needed.error();
  {
    Result<HostLink::Turn> turn = host.link()->take_turn(pool_turn(volume.pool));
    if (!turn) return turn.error();
    const Result<Place> place = make_place(host, volume, source->size_bytes(), if_there);
    if (!place) return place.error();
    if (*place == Place::taken) {
      if (progress) progress(source->size_bytes(), source->size_bytes());
      return {};
    }
    if (Result<void> room = check_room(host, volume, *needed); !room) {
      static_cast<void>(delete_in_turn(host, volume));
      return room;
    }
  }
  Result<void> sent = stream_into(host, volume, source, *needed, progress);
  // Best effort: what is left is shorter than the file, and known by that.
  if (!sent && sent.error().kind != ErrorKind::unreachable) static_cast<void>(delete_volume(host, volume));
  return sent;
}

}  // namespace vscale::libvirt

namespace vscale {

using libvirt::HostLink;
using libvirt::LibvirtHost;

Result<void> LibvirtHosts::ensure_pool(const std::string& host, const std::string& pool, const std::string& path) {
  Result<LibvirtHost*> target = impl_->host(host);
  if (!target) return target.error();
  Result<HostLink::Turn> turn = (*target)->link()->take_turn(libvirt::pool_turn(pool));
  if (!turn) return turn.error();
  return (*target)->link()->call<void>("start a pool", [host, pool, path](virConnectPtr connection) {
    return libvirt::ensure_pool_there(connection, host, pool, path);
  });
}

Result<void> LibvirtHosts::create_volume(const NewVolume& volume) {
  Result<LibvirtHost*> host = impl_->host(volume.volume.host);
  if (!host) return host.error();
  libvirt::VolumeText text{.name = volume.volume.name,
                           .capacity_bytes = volume.capacity_bytes,
                           .format = volume.format,
                           .backing_path = {},
                           .backing_format = volume.backing_format};
  if (!volume.backing_volume.empty()) {
    Result<std::string> backing =
        libvirt::volume_path(**host, VolumeRef{volume.volume.host, volume.volume.pool, volume.backing_volume});
    if (!backing) return backing.error();
    text.backing_path = *backing;
  }
  Result<HostLink::Turn> turn = (*host)->link()->take_turn(libvirt::pool_turn(volume.volume.pool));
  if (!turn) return turn.error();
  return libvirt::create_in_turn(**host, volume.volume, text);
}

Result<void> LibvirtHosts::resize_volume(const VolumeRef& volume, std::uint64_t capacity_bytes,
                                         const std::optional<DomainRef>& up_domain) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  if (up_domain) {
    // Before anything else, so that what is not ours is denied whatever the size.
    Result<void> ours = (*host)->link()->call<void>("find a domain", [ref = *up_domain](virConnectPtr connection) {
      const Result<libvirt::Domain> found = libvirt::find_our_domain(connection, ref);
      return found ? Result<void>() : Result<void>(found.error());
    });
    if (!ours) return ours;
  }
  Result<HostLink::Turn> turn = (*host)->link()->take_turn(libvirt::pool_turn(volume.pool));
  if (!turn) return turn.error();
  return libvirt::with_volume<void>(
      **host, volume, "grow a volume",
      [volume, capacity_bytes, up_domain](virConnectPtr connection, virStorageVolPtr found) {
        return libvirt::grow(connection, found, volume, capacity_bytes, up_domain);
      });
}

Result<void> LibvirtHosts::delete_volume(const VolumeRef& volume) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  return libvirt::delete_volume(**host, volume);
}

Result<void> LibvirtHosts::upload_file(const FileUpload& upload, const ProgressSink& progress) {
  using libvirt::IfThere;
  const VolumeRef& volume = upload.volume;
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  Result<std::shared_ptr<libvirt::ByteSource>> source = libvirt::open_file_source(upload.path);
  if (!source) return source.error();
  Result<HostLink::Turn> turn = (*host)->link()->take_turn(libvirt::upload_turn(volume));
  if (!turn) return turn.error();
  const IfThere if_there = upload.replace_existing ? IfThere::replace : IfThere::take_if_complete;
  if (Result<void> put = libvirt::put_volume(**host, volume, *source, if_there, progress); !put) return put;
  // Format and size are in the bytes; a look at them makes libvirt know.
  return libvirt::refresh_pool(**host, volume.pool);
}

Result<void> LibvirtHosts::write_seed(const VolumeRef& volume, const SeedFiles& files) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  Result<std::string> iso = make_seed_iso(files);
  if (!iso) return iso.error();
  return libvirt::put_volume(**host, volume, libvirt::make_memory_source(std::move(*iso)), libvirt::IfThere::refuse,
                             {});
}

}  // namespace vscale
