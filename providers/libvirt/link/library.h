#pragma once

namespace vscale::libvirt {

/// Sets libvirt up for this process, once: silent (errors are values here, not lines on stderr), and with an event loop
/// on a thread of its own, without which connections are not kept alive. That thread runs to the end of the process.
/// Must come before the first connection is opened; may be called any number of times, from any thread.
void start_library();

}  // namespace vscale::libvirt
