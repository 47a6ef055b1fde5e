#include "providers/http_server/request_head.h"

#include <fmt/format.h>

#include <algorithm>

namespace vscale {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
// "GET " and " HTTP/1.1", with room for other methods, which are refused by name.
constexpr std::size_t kAroundTarget_bytes = 32;

RequestHead refused(int status, std::string why) {
  RequestHead head;
  head.refusal = PageAnswer{.status = status, .body = std::move(why)};
  return head;
}

/// A byte that no head has in it: so neither a binary protocol nor a line that only some would take for one gets
/// further.
bool is_out_of_place(std::string_view text, std::size_t i) {
  const auto byte = static_cast<unsigned char>(text[i]);
  if (byte == '\n') return i == 0 || text[i - 1] != '\r';
  if (byte == '\r') return i + 1 < text.size() && text[i + 1] != '\n';
  return (byte < ' ' && byte != '\t') || byte == 0x7f;
}

bool has_byte_out_of_place(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_out_of_place(text, i)) return true;
  }
  return false;
}

}  // namespace

RequestHead look_at_head(std::string_view received, const HttpBounds& bounds) {
  const std::size_t end = received.find(kHeadEnd);
  const bool is_whole = end != std::string_view::npos;
  const std::string_view head = is_whole ? received.substr(0, end + kHeadEnd.size()) : received;
  const std::string_view first_line = head.substr(0, head.find(kLineEnd));
  if (has_byte_out_of_place(head)) return refused(400, "This is not a request in HTTP.\n");
  if (first_line.size() > bounds.target_bytes + kAroundTarget_bytes) {
    return refused(414, fmt::format("The path and the query have more than {} bytes.\n", bounds.target_bytes));
  }
  if (head.size() > bounds.head_bytes || (!is_whole && head.size() == bounds.head_bytes)) {
    return refused(431, fmt::format("The request has more than {} bytes.\n", bounds.head_bytes));
  }
  if (static_cast<std::size_t>(std::ranges::count(head, '\n')) > bounds.header_lines + 2) {
    return refused(431, fmt::format("The request has more than {} headers.\n", bounds.header_lines));
  }
  return {.bytes = is_whole ? head.size() : 0, .refusal = {}};
}

}  // namespace vscale
