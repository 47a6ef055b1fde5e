#pragma once

#include <algorithm>

namespace vscale {

/// What the program's end says to whoever started it. Where several hold, the stronger one is given:
/// interrupted > error > partial > changes > ok.
enum class ExitCode {
  ok = 0,             ///< Done, or nothing to do.
  error = 1,          ///< Something failed, was declined at the prompt, or the command line was not understood.
  changes = 2,        ///< `plan --detailed-exitcode` found changes.
  partial = 3,        ///< A host could not be reached: the rest was done, and what was left is listed.
  interrupted = 130,  ///< Stopped by SIGINT, SIGTERM or SIGHUP; the next run goes on where this one ended.
};

/// The one that counts when both hold.
constexpr ExitCode stronger(ExitCode left, ExitCode right) {
  constexpr auto strength = [](ExitCode code) {
    switch (code) {
      case ExitCode::ok:
        return 0;
      case ExitCode::changes:
        return 1;
      case ExitCode::partial:
        return 2;
      case ExitCode::error:
        return 3;
      case ExitCode::interrupted:
        return 4;
    }
    return 3;
  };
  return strength(left) >= strength(right) ? left : right;
}

}  // namespace vscale
