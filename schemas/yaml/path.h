#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vscale {

/// Where a value stands in the tree: `groups.web.template.disks[0].size`. A part of a chain: a Path and its keys must
/// outlive the paths made from it, which recursion does by itself.
class Path {
 public:
  Path() = default;

  [[nodiscard]] Path key(std::string_view name) const { return {this, name, 0, false}; }
  [[nodiscard]] Path item(std::size_t index) const { return {this, {}, index, true}; }

  /// `groups.web.template.disks[0].size`; empty for the root.
  [[nodiscard]] std::string text() const;

  /// How a message names it: `group "web": disks[0].size`, `limits.parallel`, `group "web"`.
  [[nodiscard]] std::string subject() const;

 private:
  Path(const Path* parent, std::string_view name, std::size_t index, bool is_item)
      : parent_(parent), name_(name), index_(index), is_item_(is_item) {}

  [[nodiscard]] std::vector<std::string> parts() const;

  const Path* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
  bool is_item_ = false;
};

}  // namespace vscale
