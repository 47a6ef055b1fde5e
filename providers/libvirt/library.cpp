#include "providers/libvirt/library.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <mutex>
#include <thread>

#include "engine/values/result.h"

namespace vscale::libvirt {
namespace {

[[noreturn]] void run_events() {
  // An iteration that fails is one event that was missed, not the end of the loop.
  for (;;) static_cast<void>(virEventRunDefaultImpl());
}

}  // namespace

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    VSCALE_ASSERT(virInitialize() == 0, "libvirt's client library cannot be initialised");
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    VSCALE_ASSERT(virEventRegisterDefaultImpl() == 0, "libvirt's event loop cannot be registered");
    std::thread(run_events).detach();
  });
}

}  // namespace vscale::libvirt
