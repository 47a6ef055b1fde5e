#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "cmd/real_world.h"
#include "cmd/run.h"
#include "cmd/signals.h"

/// The program: the real world around run().

namespace vscale {
namespace {

Streams real_streams() {
  Streams streams{.in = std::cin,
                  .out = std::cout,
                  .err = std::cerr,
                  .in_is_terminal = ::isatty(STDIN_FILENO) == 1,
                  .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                  .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                  .out_reader_is_gone = [] { return reader_is_gone(STDOUT_FILENO); }};
  winsize size{};
  if (streams.out_is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    streams.width = size.ws_col;
    streams.height = size.ws_row;
  }
  return streams;
}

}  // namespace
}  // namespace vscale

int main(int argc, char** argv) {
  ::umask(S_IRWXG | S_IRWXO);  // state, plans and downloads are private from their first byte
  auto outside = vscale::real_world();
  auto streams = vscale::real_streams();
  const int code = vscale::run({argv + std::min(argc, 1), argv + argc}, streams, outside);
  std::cout.flush();
  std::cerr.flush();
  // A call to a host that hangs is left behind with its thread: exit() would take libraries down under it.
  std::_Exit(code);
}
