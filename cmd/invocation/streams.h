#pragma once

#include <functional>
#include <istream>
#include <ostream>

namespace vscale {

/// Where a command reads from and writes to, and what is known of it. Refers to streams that outlive it.
struct Streams {
  std::istream& in;
  std::ostream& out;  ///< The result.
  std::ostream& err;  ///< Talk: questions, warnings, errors.
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int width = 80;   ///< Columns of the terminal that `out` is; 80 for anything else.
  int height = 24;  ///< Its lines.
  /// Whether nobody will ever read what is written to `out`: then it is no error that nothing can be. Empty: never.
  std::function<bool()> out_reader_is_gone = {};
};

}  // namespace vscale
