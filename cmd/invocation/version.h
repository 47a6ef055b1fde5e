#pragma once

namespace vscale {

/// Of the program, from CMakeLists.txt.
constexpr const char* kVersion = VSCALE_VERSION;

}  // namespace vscale
