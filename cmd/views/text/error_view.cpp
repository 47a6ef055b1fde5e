#include "cmd/views/text/error_view.h"

namespace vscale {

std::string error_text(const Error& error, const Paint& paint, int indent) {
  const std::string before(static_cast<std::size_t>(indent), ' ');
  std::string out = left_and_right(before + paint.red("error:") + " " + printable(error.message), "", 2);
  if (!error.detail.empty()) out += left_and_right(before + "  [" + printable(error.detail) + "]", "", 2);
  if (!error.hint.empty()) out += left_and_right(before + "  hint: " + printable(error.hint), "", 2);
  return out;
}

}  // namespace vscale
