#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/desired/template.h"
#include "schemas/text/units_text.h"
#include "schemas/yaml/yaml_tree.h"

namespace vscale {

/// Takes values out of a map that Shape has checked. A key that is not there, or was reported, leaves what it would be
/// taken into as it is: the default. Refers to the tree.
class TreeView {
 public:
  explicit TreeView(const Node* map) : map_(map) {}

  /// The value of `key`, or nullptr if it is not there or was reported.
  [[nodiscard]] const Node* at(std::string_view key) const {
    const Entry* entry = map_ == nullptr ? nullptr : map_->find(key);
    const bool usable = entry != nullptr && entry->value->kind != Node::Kind::bad;
    return usable ? entry->value.get() : nullptr;
  }
  [[nodiscard]] bool has(std::string_view key) const { return at(key) != nullptr; }
  [[nodiscard]] TreeView view(std::string_view key) const { return TreeView(at(key)); }
  /// The map's entries, or the list's items, under `key`; none if it is not there.
  [[nodiscard]] const std::vector<Entry>& entries(std::string_view key) const {
    static const std::vector<Entry> kNone;
    const Node* node = at(key);
    return node == nullptr ? kNone : node->entries;
  }
  [[nodiscard]] const std::vector<NodePtr>& items(std::string_view key) const {
    static const std::vector<NodePtr> kNone;
    const Node* node = at(key);
    return node == nullptr ? kNone : node->items;
  }

  template <class T>
  void take(std::string_view key, T& into) const {
    const Node* node = at(key);
    if (node == nullptr || node->kind != Node::Kind::scalar) return;
    if (auto value = read(node->text, into)) into = std::move(*value);
  }
  template <class T>
  void take(std::string_view key, std::optional<T>& into) const {
    T value{};
    const Node* node = at(key);
    if (node == nullptr || node->kind != Node::Kind::scalar) return;
    if (auto found = read(node->text, value)) into = std::move(*found);
  }
  void take_percent(std::string_view key, int& into) const {
    const Node* node = at(key);
    if (node != nullptr) into = parse_percent(node->text).value_or(into);
  }
  template <class E>
  void take_word(std::string_view key, E& into, std::initializer_list<std::pair<std::string_view, E>> words) const {
    const Node* node = at(key);
    if (node == nullptr) return;
    for (const auto& [word, value] : words) {
      if (node->text == word) into = value;
    }
  }

  [[nodiscard]] std::string text(std::string_view key) const {
    const Node* node = at(key);
    return node == nullptr ? "" : node->text;
  }
  /// One for each item, so that the n-th is the n-th that was written; empty for one that was reported.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> all;
    for (const NodePtr& item : items(key)) all.push_back(item->text);
    return all;
  }
  [[nodiscard]] std::vector<TemplateText> template_texts(std::string_view key) const {
    std::vector<TemplateText> all;
    for (std::string& text : texts(key)) all.push_back({std::move(text)});
    return all;
  }

 private:
  // The second argument only says which type is wanted.
  static std::optional<std::string> read(const std::string& text, const std::string& /*wanted*/) { return text; }
  static std::optional<TemplateText> read(const std::string& text, const TemplateText& /*wanted*/) {
    return TemplateText{text};
  }
  static std::optional<bool> read(const std::string& text, bool /*wanted*/) { return parse_boolean(text); }
  static std::optional<int> read(const std::string& text, int /*wanted*/) {
    const auto value = parse_integer(text);
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
  }
  static std::optional<double> read(const std::string& text, double /*wanted*/) { return parse_number(text); }
  static std::optional<std::uint64_t> read(const std::string& text, std::uint64_t /*wanted*/) {
    return parse_size(text);
  }
  static std::optional<Duration> read(const std::string& text, Duration /*wanted*/) { return parse_duration(text); }
  static std::optional<Amount> read(const std::string& text, Amount /*wanted*/) { return parse_amount(text); }

  const Node* map_;
};

}  // namespace vscale
