#pragma once

#include <cstddef>

/// How much a configuration may hold. Real ones are far below; what is beyond is a mistake, or meant to do harm.

namespace vscale {

/// Bounds on what is read; beyond each of them is an error that says so.
constexpr std::size_t kMaxFileBytes = 8 * 1024 * 1024;
constexpr std::size_t kMaxNesting = 64;     ///< Lists and maps within each other, aliases followed.
constexpr std::size_t kMaxNodes = 300'000;  ///< Values in one file, each alias counted with all that it stands for.
constexpr std::size_t kMaxValueBytes = 1024 * 1024;  ///< One text with its variables filled in.
constexpr std::size_t kMaxDiagnostics = 200;
constexpr int kMaxGroupSize = 100'000;

}  // namespace vscale
