#include "providers/image/download/checksum_file.h"

#include <algorithm>
#include <cctype>

#include "engine/values/text/lower_case.h"

namespace vscale {
namespace {

constexpr std::size_t kSha256_digits = 64;
constexpr std::size_t kSha512_digits = 128;

/// By its length, which is the only thing that a GNU line tells.
std::optional<std::string> digest_of(std::string_view hex) {
  if (!std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return std::isxdigit(c) != 0; })) return std::nullopt;
  if (hex.size() == kSha256_digits) return "sha256:" + lower_case(hex);
  if (hex.size() == kSha512_digits) return "sha512:" + lower_case(hex);
  return std::nullopt;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view trimmed(std::string_view text) {
  constexpr const char* kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

struct Line {
  std::string digest;
  std::string_view name;  ///< Empty: the line says none.
};

std::optional<Line> read_bsd(std::string_view line) {
  const std::size_t open = line.find(" (");
  const std::size_t close = line.rfind(") = ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const auto digest = digest_of(trimmed(line.substr(close + 4)));
  if (!digest) return std::nullopt;
  return Line{*digest, line.substr(open + 2, close - open - 2)};
}

std::optional<Line> read_gnu(std::string_view line) {
  const std::size_t end = line.find_first_of(" \t");
  const auto digest = digest_of(line.substr(0, end));
  if (!digest) return std::nullopt;
  std::string_view name = end == std::string_view::npos ? std::string_view{} : trimmed(line.substr(end));
  if (name.starts_with('*')) name.remove_prefix(1);
  return Line{*digest, name};
}

}  // namespace

std::optional<std::string> checksum_for(std::string_view sums, std::string_view file_name) {
  std::optional<std::string> best;
  std::optional<std::string> nameless;
  int lines = 0;
  while (!sums.empty()) {
    const std::size_t end = std::min(sums.find('\n'), sums.size());
    const std::string_view text = trimmed(sums.substr(0, end));
    sums.remove_prefix(std::min(end + 1, sums.size()));
    auto line = read_bsd(text);
    if (!line) line = read_gnu(text);
    if (!line) continue;
    ++lines;
    if (line->name.empty()) nameless = line->digest;
    if (base_name(line->name) == file_name && (!best || best->size() < line->digest.size())) best = line->digest;
  }
  if (!best && lines == 1) return nameless;
  return best;
}

std::optional<std::string> normal_checksum(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto digest = digest_of(text.substr(colon + 1));
  if (!digest || digest->substr(0, colon) != lower_case(text.substr(0, colon))) return std::nullopt;
  return digest;
}

}  // namespace vscale
