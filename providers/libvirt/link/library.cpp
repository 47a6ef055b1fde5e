#include "providers/libvirt/link/library.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <mutex>

#include "engine/values/result.h"
#include "providers/libvirt/link/event_loop.h"

namespace vscale::libvirt {

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    VSCALE_ASSERT(virInitialize() == 0, "libvirt's client library cannot be initialised");
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    start_event_loop();
  });
}

}  // namespace vscale::libvirt
