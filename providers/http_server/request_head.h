#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "providers/http_server/http_page.h"

namespace vscale {

/// What the bytes that have come of a request so far amount to. Pure. Only what has to be known before its head is
/// whole is looked at here: what it asks for is read by PageAnswers.
struct RequestHead {
  std::size_t bytes = 0;              ///< Of the whole head, with the empty line that ends it; 0: more is to come.
  std::optional<PageAnswer> refusal;  ///< Not taken, whatever may still come.
};

/// `received` begins with the request; what follows its head is the next one's.
RequestHead look_at_head(std::string_view received, const HttpBounds& bounds);

}  // namespace vscale
