#include "engine/values/result.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace vscale {
namespace {

struct KindName {
  ErrorKind kind;
  const char* word;
};

constexpr std::array kKindNames{
    KindName{ErrorKind::not_found, "not_found"},     KindName{ErrorKind::exists, "exists"},
    KindName{ErrorKind::unreachable, "unreachable"}, KindName{ErrorKind::timed_out, "timed_out"},
    KindName{ErrorKind::unsupported, "unsupported"}, KindName{ErrorKind::no_capacity, "no_capacity"},
    KindName{ErrorKind::denied, "denied"},           KindName{ErrorKind::conflict, "conflict"},
    KindName{ErrorKind::invalid, "invalid"},         KindName{ErrorKind::failed, "failed"},
};

}  // namespace

const char* to_string(ErrorKind kind) {
  for (const auto& name : kKindNames) {
    if (name.kind == kind) return name.word;
  }
  VSCALE_ASSERT(false, "an ErrorKind without a word");
}

std::optional<ErrorKind> error_kind_from(const std::string& word) {
  for (const auto& name : kKindNames) {
    if (word == name.word) return name.kind;
  }
  return std::nullopt;
}

std::string to_string(const Error& error) {
  std::string line = error.message;
  if (!error.detail.empty()) line += " [" + error.detail + "]";
  if (!error.hint.empty()) line += "; " + error.hint;
  return line;
}

void assertion_failed(const char* condition, const char* file, int line, const char* what) {
  std::fprintf(stderr, "vscale: internal error: %s (%s) at %s:%d\nThe state is safe: every step is journalled.\n", what,
               condition, file, line);
  std::abort();
}

}  // namespace vscale
