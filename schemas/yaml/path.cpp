#include "schemas/yaml/path.h"

#include <fmt/core.h>

#include <algorithm>

#include "schemas/diagnostics/source_text.h"

namespace vscale {
namespace {

struct Section {
  std::string_view key, thing;
};

constexpr Section kNamedThings[] = {{"hosts", "host"},       {"images", "image"}, {"storage", "storage"},
                                    {"networks", "network"}, {"groups", "group"}, {"machines", "machine"},
                                    {"vars", "variable"}};

std::string join(const std::vector<std::string>& parts, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < parts.size(); ++i) {
    if (i > from && !parts[i].starts_with('[')) out += '.';
    out += parts[i];
  }
  return out;
}

}  // namespace

std::vector<std::string> Path::parts() const {
  std::vector<std::string> all;
  for (const Path* path = this; path->parent_ != nullptr; path = path->parent_) {
    all.push_back(path->is_item_ ? fmt::format("[{}]", path->index_) : std::string(path->name_));
  }
  std::reverse(all.begin(), all.end());
  return all;
}

std::string Path::text() const {
  return join(parts(), 0);
}

std::string Path::subject() const {
  const std::vector<std::string> all = parts();
  if (all.empty()) return "the file";
  const auto section =
      std::find_if(std::begin(kNamedThings), std::end(kNamedThings), [&](const Section& s) { return s.key == all[0]; });
  if (section == std::end(kNamedThings) || all.size() < 2) return join(all, 0);
  const std::string thing = fmt::format("{} {}", section->thing, quote(all[1]));
  const std::size_t from = all.size() > 3 && all[2] == "template" ? 3 : 2;
  return from < all.size() ? fmt::format("{}: {}", thing, join(all, from)) : thing;
}

}  // namespace vscale
