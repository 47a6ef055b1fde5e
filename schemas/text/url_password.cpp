#include "schemas/text/url_password.h"

#include <algorithm>

namespace vscale {
namespace {

struct Stretch {
  std::size_t begin, end;
};

bool is_port(std::string_view text, std::size_t colon) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789", colon + 1), text.size());
  return end > colon + 1 && (end == text.size() || std::string_view("/?#\"', \t]}").find(text[end]) != text.npos);
}

bool is_placeholder(std::string_view text) {
  return text.starts_with("${") && text.find('}') == text.size() - 1;
}

// The password of the URL whose authority begins at `authority`; without one a stretch of no length, before which there
// is none. One that was not encoded may hold anything, so that the last @ before the next URL counts.
Stretch password_at(std::string_view text, std::size_t authority) {
  const std::size_t colon = text.find_first_of(":/?#[\"' \t", authority);
  if (colon == text.npos || text[colon] != ':' || is_port(text, colon)) return {authority, authority};
  const std::size_t begin = colon + 1;
  const std::size_t next_url = std::min(text.find("://", begin), text.size());
  const std::string_view rest = text.substr(begin, next_url - begin);
  const std::size_t length = rest.rfind('@');
  if (length == rest.npos) return {next_url, next_url};
  const std::size_t end = begin + length;
  return is_placeholder(rest.substr(0, length)) ? Stretch{end, end} : Stretch{begin, end};
}

// Takes time linear in the text, for a line of a file may be long.
Stretch next_password(std::string_view text, std::size_t from) {
  for (;;) {
    const std::size_t scheme_end = text.find(":/", from);
    if (scheme_end == text.npos) return {text.size(), text.size()};
    // A path in a message has only one slash left.
    const std::size_t authority = scheme_end + (text.substr(scheme_end).starts_with("://") ? 3 : 2);
    const Stretch password = password_at(text, authority);
    if (password.begin < password.end) return password;
    from = password.end;
  }
}

}  // namespace

std::string hide_passwords(std::string text) {
  for (Stretch password = next_password(text, 0); password.begin < text.size();
       password = next_password(text, password.end)) {
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(password.begin),
              text.begin() + static_cast<std::ptrdiff_t>(password.end), '*');
  }
  return text;
}

bool has_password(std::string_view text) {
  return next_password(text, 0).begin < text.size();
}

}  // namespace vscale
