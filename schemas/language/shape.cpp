#include "schemas/language/shape.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/language/not_yet.h"
#include "schemas/text/units_text.h"
#include "schemas/text/url_password.h"

namespace vscale {
namespace {

// What other tools call things that have another name here.
constexpr std::pair<std::string_view, std::string_view> kOtherWords[] = {
    {"replicas", "size"},   {"count", "size"},          {"instances", "size"}, {"ram", "memory"},
    {"mem", "memory"},      {"cpus", "vcpus"},          {"cores", "vcpus"},    {"vcpu", "vcpus"},
    {"nics", "networks"},   {"interfaces", "networks"}, {"nodes", "hosts"},    {"pools", "storage"},
    {"volumes", "disks"},   {"user_data", "userData"},  {"url", "source"},     {"ips", "addresses"},
    {"nameservers", "dns"}, {"variables", "vars"},      {"vms", "machines"},   {"affinity", "antiAffinity"}};

bool is_scalar_type(const Type& type) {
  return type.kind != Type::Kind::list && type.kind != Type::Kind::map && type.kind != Type::Kind::object &&
         type.kind != Type::Kind::any_of;
}

bool is_map_type(const Type& type) {
  return type.kind == Type::Kind::map || type.kind == Type::Kind::object;
}

bool takes_text(const Type& type) {
  return type.kind == Type::Kind::text || type.kind == Type::Kind::choice || type.kind == Type::Kind::duration ||
         type.kind == Type::Kind::size || type.kind == Type::Kind::percent;
}

bool reads_as_number_or_boolean(std::string_view text) {
  return parse_number(text).has_value() || parse_boolean(text).has_value();
}

// After "expected".
std::string expected(const Type& type) {
  switch (type.kind) {
    case Type::Kind::text:
      return type.form->expected;
    case Type::Kind::boolean:
      return "true or false";
    case Type::Kind::integer:
      return "a whole number";
    case Type::Kind::number:
      return "a number";
    case Type::Kind::duration:
    case Type::Kind::size:
      return "a number and a unit";
    case Type::Kind::percent:
      return "a percentage";
    case Type::Kind::amount:
    case Type::Kind::signed_amount:
      return "a number or a percentage";
    case Type::Kind::choice:
      return type.words.size() == 1 ? type.words[0] : "one of " + listed(type.words);
    case Type::Kind::list:
      return "a list";
    case Type::Kind::map:
      return "a map";
    case Type::Kind::object:
      return type.object->keys.empty() ? "{}" : "a map with the keys " + listed(type.object->key_names());
    case Type::Kind::any_of: {
      std::string all;
      for (const Type& one : type.of) all += (all.empty() ? "" : ", or ") + expected(one);
      return all;
    }
  }
  return "";
}

std::string noun(const Type& type) {
  const std::string word = type.kind == Type::Kind::text ? type.form->name : describe(type);
  return word == "name" ? "valid name" : word;
}

std::string with_article(const std::string& text) {
  const bool vowel = text.find_first_of("aeiouAEIO") == 0;
  return (vowel ? "an " : "a ") + text;
}

std::string kind_words(const Node& node) {
  switch (node.kind) {
    case Node::Kind::list:
      return "is a list";
    case Node::Kind::map:
      return "is a map";
    case Node::Kind::scalar:
      return fmt::format("is the text {}", quote(node.text));
    case Node::Kind::null:
    case Node::Kind::bad:
      break;
  }
  return "is empty";
}

// Where a number with an unknown unit ends.
std::size_t number_end(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789."), text.size());
}

/// `memory: 128` hardly means 128 GiB.
constexpr std::int64_t kMoreProbablyMib = 128;

std::string unit_hint(const Type& type, std::string_view text) {
  const bool is_size = type.kind == Type::Kind::size;
  const std::size_t end = number_end(text);
  std::string_view unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  std::string_view meant = is_size ? meant_size_unit(unit) : meant_duration_unit(unit);
  const std::string spelled = fmt::format("{}{}", text.substr(0, end), unit);
  const bool only_spaced = is_size ? parse_size(spelled).has_value() : parse_duration(spelled).has_value();
  if (only_spaced) meant = unit;
  if (end > 0 && !meant.empty()) return fmt::format("did you mean {}{}?", text.substr(0, end), meant);
  if (end > 0 && unit.empty()) {
    const std::string_view number = text.substr(0, end);
    if (!is_size) return fmt::format("such as {0}s or {0}m", number);
    // What was left out is more probably the unit that gives a usual size.
    const auto count = parse_integer(number);
    const bool small_unit = count && *count >= kMoreProbablyMib;
    return fmt::format("such as {0}{1} or {0}{2}", number, small_unit ? "MiB" : "GiB", small_unit ? "GiB" : "MiB");
  }
  return is_size ? "such as 512MiB or 20GiB" : "such as 30s, 5m or 2h";
}

// Has `key` to be there, and is not?
bool is_needed(const ObjectType& object, const std::string& key, const Node& node) {
  const Key* known = object.find(key);
  if (known == nullptr || node.find(key) != nullptr) return false;
  const auto misses_all_of = [&](const std::vector<std::string>& set) {
    return std::find(set.begin(), set.end(), key) != set.end() &&
           std::none_of(set.begin(), set.end(), [&](const std::string& other) { return node.find(other) != nullptr; });
  };
  return known->required || std::any_of(object.exactly_one.begin(), object.exactly_one.end(), misses_all_of);
}

template <class Number>
std::string bound_hint(bool too_small, Number min, Number max) {
  return too_small ? fmt::format("write {} or more", min) : fmt::format("write {} or less", max);
}

// What is wrong with the text of a scalar, if anything; `subject` names it.
class Judge {
 public:
  Judge(const Type& type, const std::string& text, bool in_quotes, const std::string& subject)
      : type_(type), text_(text), in_quotes_(in_quotes), subject_(subject) {}

  [[nodiscard]] std::optional<Finding> mistake() const {
    if (in_quotes_ && !takes_text(type_) && reads_as_number_or_boolean(text_)) {
      return wrong("remove the quotes: in them it is a text");
    }
    switch (type_.kind) {
      case Type::Kind::text:
        return wrong_text();
      case Type::Kind::boolean:
        return wrong_boolean();
      case Type::Kind::integer:
        return wrong_integer();
      case Type::Kind::number:
        return wrong_number();
      case Type::Kind::duration:
        return parse_duration(text_) ? std::nullopt : std::optional(wrong(unit_hint(type_, text_)));
      case Type::Kind::size:
        return parse_size(text_) ? std::nullopt : std::optional(wrong(unit_hint(type_, text_)));
      case Type::Kind::percent:
        return wrong_percent();
      case Type::Kind::amount:
        return parse_amount(text_) ? std::nullopt : std::optional(wrong("such as 3 or 50%"));
      case Type::Kind::signed_amount: {
        const std::string_view magnitude = std::string_view(text_).substr(text_.starts_with('-') ? 1 : 0);
        return parse_amount(magnitude) ? std::nullopt : std::optional(wrong("such as 3, -1 or 50%"));
      }
      case Type::Kind::choice:
        return wrong_word();
      case Type::Kind::list:
      case Type::Kind::map:
      case Type::Kind::object:
      case Type::Kind::any_of:
        break;
    }
    return wrong(such_as());
  }

 private:
  [[nodiscard]] std::string such_as() const { return "such as " + example_of(type_); }

  [[nodiscard]] Finding wrong(const std::string& hint) const {
    return {.code = "wrong_type",
            .summary = fmt::format("{} {} is not {}", subject_, quote(text_), with_article(noun(type_))),
            .label = "expected " + expected(type_),
            .hint = hint};
  }

  [[nodiscard]] Finding out_of_range(const std::string& allowed, const std::string& hint) const {
    return {.code = "out_of_range",
            .summary = fmt::format("{} {} is out of range", subject_, text_),
            .label = "allowed: " + allowed,
            .hint = hint};
  }

  [[nodiscard]] std::optional<Finding> wrong_text() const {
    const TextForm& form = *type_.form;
    const bool no_text = !form.loose && !in_quotes_ && reads_as_number_or_boolean(text_);
    if (no_text) return wrong(form.matches(text_) ? fmt::format("write \"{}\"", text_) : form.hint);
    return form.matches(text_) ? std::nullopt : std::optional(wrong(form.hint));
  }

  [[nodiscard]] std::optional<Finding> wrong_boolean() const {
    if (parse_boolean(text_)) return std::nullopt;
    const bool yes = text_ == "yes" || text_ == "on" || text_ == "True" || text_ == "TRUE";
    const bool no = text_ == "no" || text_ == "off" || text_ == "False" || text_ == "FALSE";
    Finding finding = wrong(yes ? "write true" : no ? "write false" : "write true or false, without quotes");
    finding.summary = fmt::format("{} {} is not true or false", subject_, quote(text_));
    return finding;
  }

  [[nodiscard]] std::optional<Finding> wrong_integer() const {
    const auto value = parse_integer(text_);
    if (!value) return wrong(such_as());
    if (*value >= type_.min && *value <= type_.max) return std::nullopt;
    if (type_.min == type_.max) return out_of_range(fmt::format("{}", type_.min), fmt::format("write {}", type_.min));
    return out_of_range(fmt::format("{} to {}", type_.min, type_.max),
                        bound_hint(*value < type_.min, type_.min, type_.max));
  }

  [[nodiscard]] std::optional<Finding> wrong_number() const {
    const auto value = parse_number(text_);
    if (!value) return wrong(such_as());
    if (*value >= type_.number_min && *value <= type_.number_max) return std::nullopt;
    return out_of_range(fmt::format("{} to {}", type_.number_min, type_.number_max),
                        bound_hint(*value < type_.number_min, type_.number_min, type_.number_max));
  }

  [[nodiscard]] std::optional<Finding> wrong_percent() const {
    const auto value = parse_percent(text_);
    if (!value) return wrong("such as 50%");
    return *value < 0 ? std::optional(out_of_range("0% and more", "such as 50%")) : std::nullopt;
  }

  [[nodiscard]] std::optional<Finding> wrong_word() const {
    if (std::find(type_.words.begin(), type_.words.end(), text_) != type_.words.end()) return std::nullopt;
    const std::string meant = did_you_mean(text_, type_.words);
    return Finding{.code = "unknown_word",
                   .summary = fmt::format("{} {} is not known", subject_, quote(text_)),
                   .label = "allowed: " + listed(type_.words),
                   .hint = meant.empty() ? such_as() : meant};
  }

  const Type& type_;
  const std::string& text_;
  bool in_quotes_;
  const std::string& subject_;
};

std::optional<Finding> find_mistake(const Type& type, const std::string& text, bool in_quotes,
                                    const std::string& subject) {
  return Judge(type, text, in_quotes, subject).mistake();
}

// The key of this object under which `name` would be right.
std::string nested_home(const ObjectType& object, std::string_view name) {
  for (const Key& key : object.keys) {
    if (key.type.kind == Type::Kind::object && key.type.object->find(name) != nullptr) return key.name;
  }
  return "";
}

std::string other_word(const ObjectType& object, std::string_view name) {
  for (const auto& [other, ours] : kOtherWords) {
    if (other == name && (object.find(ours) != nullptr || !nested_home(object, ours).empty())) return std::string(ours);
  }
  return "";
}

bool is_empty_value(const Node& node) {
  if (node.kind == Node::Kind::list) return node.items.empty();
  if (node.kind != Node::Kind::map) return false;
  return std::all_of(node.entries.begin(), node.entries.end(), [](const Entry& entry) {
    return entry.value->kind == Node::Kind::list && entry.value->items.empty();
  });
}

Keep kept_by(Type::Fill fill) {
  switch (fill) {
    case Type::Fill::plain:
      return Keep::nothing;
    case Type::Fill::facts:
      return Keep::facts;
    case Type::Fill::instance:
    case Type::Fill::later:
      break;
  }
  return Keep::all;
}

NodePtr copy_of(const Node& node) {
  return std::make_shared<const Node>(node);
}

}  // namespace

NodePtr Shape::check(const NodePtr& node, const Type& type, const Path& path) {
  if (node->kind == Node::Kind::bad) return node;
  if (type.kind == Type::Kind::any_of) return check_any_of(node, type, path);
  if (type.kind == Type::Kind::list) return check_list(node, type, path);
  if (type.kind == Type::Kind::map) return check_map(node, type, path);
  if (type.kind == Type::Kind::object) return check_object(node, type, path);
  return check_scalar(node, type, path);
}

NodePtr Shape::wrong_kind(const Node& node, const Type& type, const Path& path) {
  std::string hint = "such as " + example_of(type);
  if (node.kind == Node::Kind::null) hint = "leave the key out to take its default";
  if (type.kind == Type::Kind::list && node.kind == Node::Kind::scalar) {
    hint = fmt::format("write [{}]", node.text.size() < 40 ? node.text : "…");
  }
  if (type.kind == Type::Kind::object && node.kind != Node::Kind::list && type.object->keys.empty()) {
    hint = "write {}";
  } else if (type.kind == Type::Kind::object && node.kind == Node::Kind::scalar &&
             type.object->find(node.text) != nullptr) {
    hint = fmt::format("write {{ {}: {{}} }}", node.text);
  }
  reporter_.error(node.place, {.code = "wrong_type",
                               .summary = fmt::format("{} {}", path.subject(), kind_words(node)),
                               .label = "expected " + expected(type),
                               .hint = hint});
  return bad_node(node.place);
}

NodePtr Shape::fill_in(const NodePtr& node, const Type& type, const Path& path) {
  const bool nothing_to_fill = node->text.find("${") == std::string::npos || type.fill == Type::Fill::later;
  if (nothing_to_fill) return node;
  const std::string subject = path.subject();
  const auto text = substitution_.fill(*node, subject, kept_by(type.fill));
  if (!text) return bad_node(node->place);
  Node filled = *node;
  filled.text = *text;
  return copy_of(filled);
}

NodePtr Shape::check_scalar(const NodePtr& node, const Type& type, const Path& path) {
  if (node->kind != Node::Kind::scalar) return wrong_kind(*node, type, path);
  const NodePtr filled = fill_in(node, type, path);
  if (filled->kind == Node::Kind::bad || type.fill != Type::Fill::plain) return filled;
  const bool in_quotes = node->quoted && filled == node;
  if (auto mistake = find_mistake(type, filled->text, in_quotes, path.subject())) {
    reporter_.error(node->place, std::move(*mistake));
    return bad_node(node->place);
  }
  warn_of_password(*node, type, path);
  return filled;
}

// As it was written: a variable's value is not kept in the statefile, the file is.
void Shape::warn_of_password(const Node& node, const Type& type, const Path& path) {
  const bool is_uri = type.form == &forms::kLibvirtUri;
  const bool is_url = type.form == &forms::kUrl || type.form == &forms::kImageSource;
  if (!(is_uri || is_url) || !has_password(node.text)) return;
  reporter_.warning(
      node.place,
      {.code = "secret_in_file",
       .summary = fmt::format("{}: a password is written in the file", path.subject()),
       .label = "the files are kept in the statefile: what stands in them is no secret",
       .hint = is_uri ? "leave it out, and let qemu+ssh:// use an ssh key"
                      : "declare a variable without a default, write ${var.NAME} here, and set VSCALE_VAR_NAME"});
}

NodePtr Shape::check_list(const NodePtr& node, const Type& type, const Path& path) {
  if (node->kind != Node::Kind::list) return wrong_kind(*node, type, path);
  if (node->items.size() < type.at_least) {
    reporter_.error(node->place, {.code = "wrong_type",
                                  .summary = fmt::format("{} is an empty list", path.subject()),
                                  .label = fmt::format("expected at least {}", type.at_least),
                                  .hint = "such as " + example_of(type)});
    return bad_node(node->place);
  }
  Node checked = *node;
  for (std::size_t i = 0; i < checked.items.size(); ++i) {
    checked.items[i] = check(checked.items[i], type.of[0], path.item(i));
  }
  return copy_of(checked);
}

NodePtr Shape::check_map(const NodePtr& node, const Type& type, const Path& path) {
  if (node->kind != Node::Kind::map) return wrong_kind(*node, type, path);
  Node checked = *node;
  checked.entries.clear();
  for (const Entry& entry : node->entries) {
    const Path inner = path.key(entry.key);
    const NodePtr value = check(entry.value, type.of[0], inner);
    if (type.form->matches(entry.key)) {
      checked.entries.push_back({entry.key, entry.place, value});
      continue;
    }
    reporter_.error(entry.place,
                    {.code = "bad_name",
                     .summary = fmt::format("{}: {} is not allowed as a name", path.subject(), quote(entry.key)),
                     .label = fmt::format("expected {}", type.form->expected),
                     .hint = type.form->hint});
  }
  return copy_of(checked);
}

NodePtr Shape::check_object(const NodePtr& node, const Type& type, const Path& path) {
  if (node->kind != Node::Kind::map) return wrong_kind(*node, type, path);
  Node checked = *node;
  checked.entries.clear();
  for (const Entry& entry : node->entries) {
    const Key* key = type.object->find(entry.key);
    if (key == nullptr) {
      const std::string meant = report_unknown_key(entry, *type.object, path);
      // Whoever misspelt a key that has to be there has one mistake to mend, not two.
      if (checked.find(meant) == nullptr && is_needed(*type.object, meant, *node)) {
        checked.entries.push_back({meant, entry.place, bad_node(entry.place)});
      }
      continue;
    }
    const NodePtr value = check(entry.value, key->type, path.key(entry.key));
    checked.entries.push_back({entry.key, entry.place, value});
    warn_not_yet(checked.entries.back(), *key, path);
  }
  return copy_of(checked);
}

NodePtr Shape::check_any_of(const NodePtr& node, const Type& type, const Path& path) {
  const auto takes_kind = [&](const Type& one) {
    if (node->kind == Node::Kind::list) return one.kind == Type::Kind::list;
    if (node->kind == Node::Kind::map) return is_map_type(one);
    return node->kind == Node::Kind::scalar && is_scalar_type(one);
  };
  const auto fitting = std::count_if(type.of.begin(), type.of.end(), takes_kind);
  if (fitting == 0) return wrong_kind(*node, type, path);
  if (fitting == 1) return check(node, *std::find_if(type.of.begin(), type.of.end(), takes_kind), path);
  return check_one_of_scalars(node, type, path);
}

NodePtr Shape::check_one_of_scalars(const NodePtr& node, const Type& type, const Path& path) {
  const NodePtr filled = fill_in(node, type, path);
  if (filled->kind == Node::Kind::bad) return filled;
  const bool in_quotes = node->quoted && filled == node;
  const bool fits = std::any_of(type.of.begin(), type.of.end(), [&](const Type& one) {
    return is_scalar_type(one) && !find_mistake(one, filled->text, in_quotes, "");
  });
  if (fits) return filled;
  reporter_.error(node->place, {.code = "wrong_type",
                                .summary = fmt::format("{} {} is not understood", path.subject(), quote(filled->text)),
                                .label = "expected " + expected(type),
                                .hint = "such as " + example_of(type)});
  return bad_node(node->place);
}

std::string Shape::report_unknown_key(const Entry& entry, const ObjectType& object, const Path& path) {
  const std::string ours = other_word(object, entry.key);
  const std::string home = nested_home(object, ours.empty() ? entry.key : ours);
  const bool here = object.find(ours) != nullptr;
  std::string meant = here ? ours : nearest(entry.key, object.key_names());
  std::string hint = meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant);
  if (!here && !home.empty()) {
    meant.clear();
    hint = fmt::format("\"{}\" belongs under `{}`", ours.empty() ? entry.key : ours, home);
  }
  const std::string known = object.keys.empty() ? "it has no keys" : "known: " + listed(object.key_names());
  reporter_.error(entry.place, {.code = "unknown_key",
                                .summary = fmt::format("{}: unknown key {}", path.subject(), quote(entry.key)),
                                .label = fmt::format("not a key of {}", object.title),
                                .hint = hint.empty() ? known : hint});
  return meant;
}

void Shape::warn_not_yet(const Entry& entry, const Key& key, const Path& path) {
  const Node& value = *entry.value;
  if (value.kind == Node::Kind::bad || value.kind == Node::Kind::null) return;
  const bool says_nothing = value.kind == Node::Kind::scalar ? value.text == key.standard || value.text == "false"
                                                             : is_empty_value(value) && !key.id.starts_with("gate.");
  const NotYet* row = find_not_yet(key.id, value.kind == Node::Kind::scalar ? value.text : "");
  if (row == nullptr || says_nothing) return;
  const std::string what = row->value.empty() ? key.name : fmt::format("{}: {}", key.name, row->value);
  reporter_.warning(entry.place, {.code = "not_yet",
                                  .summary = fmt::format("{} does nothing yet", path.key(what).subject()),
                                  .label = std::string(row->meanwhile),
                                  .hint = ""});
}

void Shape::check_complete(const NodePtr& node, const Type& type, const Path& path, const Place& anchor,
                           std::map<std::string, Place>& places) {
  if (node->kind == Node::Kind::bad) return;
  const bool is_collection = node->kind == Node::Kind::map || node->kind == Node::Kind::list;
  if (const std::string text = path.text(); !text.empty()) places.emplace(text, is_collection ? anchor : node->place);
  if (type.kind == Type::Kind::any_of) {
    for (const Type& one : type.of) {
      const bool fits = (node->kind == Node::Kind::map && is_map_type(one)) ||
                        (node->kind == Node::Kind::list && one.kind == Type::Kind::list);
      if (fits) check_complete(node, one, path, anchor, places);
    }
    return;
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    check_complete(node->items[i], type.of[0], path.item(i), node->items[i]->place, places);
  }
  for (const Entry& entry : node->entries) {
    const bool is_object = type.kind == Type::Kind::object;
    const Type& inner = is_object ? type.object->find(entry.key)->type : type.of[0];
    check_complete(entry.value, inner, path.key(entry.key), entry.place, places);
  }
  if (type.kind != Type::Kind::object) return;
  check_exclusive(*node, *type.object, path, anchor);
  for (const Key& key : type.object->keys) {
    if (!key.required || node->find(key.name) != nullptr) continue;
    reporter_.error(anchor, {.code = "missing_key",
                             .summary = fmt::format("{} has no {}", path.subject(), quote(key.name)),
                             .label = fmt::format("`{}` is required", key.name),
                             .hint = fmt::format("add {}: {}", key.name, example_of(key.type))});
  }
}

void Shape::check_exclusive(const Node& node, const ObjectType& object, const Path& path, const Place& anchor) {
  const auto given = [&](const std::vector<std::string>& set) {
    std::vector<const Entry*> found;
    for (const std::string& key : set) {
      if (const Entry* entry = node.find(key)) found.push_back(entry);
    }
    std::sort(found.begin(), found.end(), [](const Entry* a, const Entry* b) {
      return std::pair(a->place.line, a->place.column) < std::pair(b->place.line, b->place.column);
    });
    return found;
  };
  const auto report_both = [&](const std::vector<const Entry*>& found) {
    reporter_.error(found[1]->place, {.code = "exclusive_keys",
                                      .summary = fmt::format("{} has both \"{}\" and \"{}\"", path.subject(),
                                                             found[0]->key, found[1]->key),
                                      .label = "only one of them may be given",
                                      .hint = "leave one of them out",
                                      .also = {found[0]->place}});
  };
  for (const auto& set : object.exactly_one) {
    const auto found = given(set);
    if (found.size() > 1) report_both(found);
    if (!found.empty()) continue;
    reporter_.error(anchor, {.code = "missing_key",
                             .summary = fmt::format("{} has none of {}", path.subject(), listed(set)),
                             .label = "one of them is required",
                             .hint = fmt::format("add {}: {}", set[0], example_of(object.find(set[0])->type))});
  }
  for (const auto& set : object.at_most_one) {
    if (const auto found = given(set); found.size() > 1) report_both(found);
  }
}

NodePtr merge_defaults(const NodePtr& under, const NodePtr& over, const Type& type) {
  if (under == nullptr || under->kind == Node::Kind::bad) return over;
  if (over == nullptr) return under;
  if (under->kind != Node::Kind::map || over->kind != Node::Kind::map) return over;
  const ObjectType* object = type.kind == Type::Kind::object ? type.object : nullptr;
  if (type.kind == Type::Kind::any_of) {
    for (const Type& one : type.of) {
      if (is_map_type(one)) return merge_defaults(under, over, one);
    }
  }
  const auto excluded = [&](const std::string& key) {
    if (object == nullptr) return false;
    for (const auto* sets : {&object->exactly_one, &object->at_most_one}) {
      for (const auto& set : *sets) {
        const bool of_set = std::find(set.begin(), set.end(), key) != set.end();
        const bool over_has_one =
            std::any_of(set.begin(), set.end(), [&](const std::string& k) { return over->find(k) != nullptr; });
        if (of_set && over_has_one) return true;
      }
    }
    return false;
  };
  Node merged = *over;
  for (Entry& entry : merged.entries) {
    const Entry* below = under->find(entry.key);
    if (below == nullptr) continue;
    const Key* key = object != nullptr ? object->find(entry.key) : nullptr;
    const Type anything;
    entry.value = merge_defaults(below->value, entry.value, key != nullptr ? key->type : anything);
  }
  for (const Entry& entry : under->entries) {
    if (over->find(entry.key) == nullptr && !excluded(entry.key)) merged.entries.push_back(entry);
  }
  return copy_of(merged);
}

NodePtr merge_files(const NodePtr& first, const NodePtr& second, const Path& path, Reporter& reporter) {
  if (first == nullptr) return second;
  if (second == nullptr) return first;
  if (first->kind == Node::Kind::map && second->kind == Node::Kind::map) {
    Node merged = *first;
    std::unordered_map<std::string_view, std::size_t> known;
    for (const Entry& entry : first->entries) known.emplace(entry.key, known.size());
    for (const Entry& entry : second->entries) {
      const auto before = known.find(entry.key);
      if (before == known.end()) {
        merged.entries.push_back(entry);
      } else {
        NodePtr& value = merged.entries[before->second].value;
        value = merge_files(value, entry.value, path.key(entry.key), reporter);
      }
    }
    return copy_of(merged);
  }
  const std::string where = path.text();
  const bool may_be_equal = where == "version" || where == "name";
  const bool equal =
      first->kind == Node::Kind::scalar && second->kind == Node::Kind::scalar && first->text == second->text;
  if (may_be_equal && equal) return first;
  const SourceSpan before = reporter.span(first->place);
  reporter.error(second->place,
                 {.code = "given_twice",
                  .summary = fmt::format("{} is given in two files", path.subject()),
                  .label = "second time",
                  .hint = fmt::format("it stands in {}:{} already; only maps are merged", before.file, before.line),
                  .also = {first->place}});
  return first;
}

}  // namespace vscale
