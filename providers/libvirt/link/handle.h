#pragma once

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

/// Owners of what libvirt hands out: freed where the scope ends, the size of a pointer. Internal to providers/libvirt.

namespace vscale::libvirt {

template <auto Free>
struct Releaser {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Releaser<Free>>;

using Domain = Handle<virDomain, virDomainFree>;
using StoragePool = Handle<virStoragePool, virStoragePoolFree>;
using StorageVolume = Handle<virStorageVol, virStorageVolFree>;
using Network = Handle<virNetwork, virNetworkFree>;
using Stream = Handle<virStream, virStreamFree>;
using Text = Handle<char, std::free>;  ///< A string that libvirt allocated.
using DomainStats = Handle<virDomainStatsRecordPtr, virDomainStatsRecordListFree>;

/// Takes over a list as libvirt returns it: an array of handles that it allocated, `count` of them.
template <class Owner>
std::vector<Owner> take_list(typename Owner::pointer* list, int count) {
  std::vector<Owner> owners;
  owners.reserve(count > 0 ? static_cast<std::size_t>(count) : 0);
  for (int i = 0; i < count; ++i) owners.emplace_back(list[i]);
  std::free(list);
  return owners;
}

}  // namespace vscale::libvirt
