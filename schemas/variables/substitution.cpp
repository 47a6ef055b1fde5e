#include "schemas/variables/substitution.h"

#include <fmt/core.h>

#include <algorithm>

#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/text/bounds.h"
#include "schemas/text/text_form.h"

namespace vscale {
namespace {

constexpr std::size_t kMaxVariableChain = 64;      // a default that names a variable whose default names one …
constexpr std::size_t kMaxMistakesInOneText = 20;  // finding the place of each takes time
constexpr Place kNowhere{};

std::string shown(const std::string& inside) {
  return quote("${" + inside + "}");
}

// Anything but a plain `false` keeps the lines of a declaration out of messages: better too much than a secret.
bool looks_sensitive(const Node& declaration) {
  const Entry* sensitive = declaration.find("sensitive");
  const bool plainly_not = sensitive != nullptr && sensitive->value->text == "false";
  const bool unknown_key = std::any_of(declaration.entries.begin(), declaration.entries.end(), [](const Entry& entry) {
    return entry.key != "default" && entry.key != "sensitive";
  });
  return unknown_key || (sensitive != nullptr && !plainly_not);
}

bool holds_literal_text(const std::string& text) {
  const Pieces pieces = parse_placeholders(text);
  return std::any_of(pieces.all.begin(), pieces.all.end(), [](const Piece& piece) { return piece.literal; });
}

// The files are kept in the statefile as they are, so that a secret in one of them would be stored in clear.
bool writes_secret(const Node& declaration) {
  const Entry* sensitive = declaration.find("sensitive");
  const Entry* standard = declaration.find("default");
  return sensitive != nullptr && sensitive->value->text == "true" && standard != nullptr &&
         standard->value->kind == Node::Kind::scalar && holds_literal_text(standard->value->text);
}

void report_written_secret(const Entry& entry, Reporter& reporter) {
  reporter.error(
      entry.value->find("default")->place,
      {.code = "secret_in_file",
       .summary = fmt::format("variable {} is sensitive, and its default is written in the file", quote(entry.key)),
       .label = "the files are kept in the statefile: what stands in them is no secret",
       .hint =
           fmt::format("leave the default out and set VSCALE_VAR_{}, or let it be ${{env.NAME}} alone", entry.key)});
}

void hide_lines(const Entry& entry, Reporter& reporter) {
  int last = entry.place.line;
  for (const Entry& part : entry.value->entries) {
    const auto newlines = std::count(part.value->text.begin(), part.value->text.end(), '\n');
    last = std::max(last, part.value->place.line + static_cast<int>(newlines) + 1);
  }
  reporter.keep_private(entry.place.file, entry.place.line, last);
}

}  // namespace

Substitution::Substitution(const ReadInput& input, const Node* vars, Reporter& reporter)
    : input_(input), reporter_(reporter) {
  declare(vars);
  take_environment();
  take_var_files();
  take_assignments();
  for (const auto& [name, declared] : declared_) {
    std::vector<std::string> chain;
    resolve(name, chain);
  }
}

void Substitution::declare(const Node* vars) {
  if (vars == nullptr) return;
  for (const Entry& entry : vars->entries) {
    Declared& declared = declared_[entry.key];
    Variables::Variable& variable = variables_.vars[entry.key];
    declared.where = entry.place;
    if (entry.value->kind != Node::Kind::map) {
      declared.state = Declared::State::broken;
      continue;
    }
    variable.sensitive = looks_sensitive(*entry.value);
    if (variable.sensitive) hide_lines(entry, reporter_);
    if (writes_secret(*entry.value)) report_written_secret(entry, reporter_);
    const Entry* standard = entry.value->find("default");
    if (standard == nullptr) continue;
    if (standard->value->kind == Node::Kind::scalar) {
      declared.standard = standard->value.get();
    } else {
      declared.state = Declared::State::broken;
    }
  }
}

void Substitution::take_environment() {
  if (!input_.environment) return;
  for (auto& [name, variable] : variables_.vars) {
    if (auto value = input_.environment("VSCALE_VAR_" + name)) variable.value = std::move(value);
  }
}

void Substitution::take_var_files() {
  for (const SourceFile& source : input_.var_files) {
    const int file = reporter_.add_file(SourceText(source.path, source.text, true));
    const NodePtr root = parse_yaml(file, reporter_);
    if (root == nullptr) continue;
    if (root->kind != Node::Kind::map) {
      reporter_.error(root->place, {.code = "wrong_type",
                                    .summary = "a file of variables is a map of names to values",
                                    .label = "expected NAME: VALUE",
                                    .hint = "such as domain: example.lan"});
    }
    for (const Entry& entry : root->entries) {
      const auto known = variables_.vars.find(entry.key);
      if (known == variables_.vars.end()) {
        reporter_.warning(entry.place, {.code = "unknown_variable",
                                        .summary = fmt::format("no variable is called {}", quote(entry.key)),
                                        .label = "",
                                        .hint = did_you_mean(entry.key, variable_names())});
      } else if (entry.value->kind != Node::Kind::scalar) {
        reporter_.error(entry.place, {.code = "wrong_type",
                                      .summary = fmt::format("the value of variable {} is no text", quote(entry.key)),
                                      .label = "expected NAME: VALUE",
                                      .hint = "write it in quotes, on one line or after |"});
        declared_[entry.key].state = Declared::State::broken;
      } else {
        known->second.value = entry.value->text;
      }
    }
  }
}

void Substitution::take_assignments() {
  for (const std::string& assignment : input_.assignments) {
    const std::size_t equals = assignment.find('=');
    const std::string name = assignment.substr(0, equals);
    // What follows the name may be a secret; it is never shown.
    if (equals == std::string::npos) {
      reporter_.error(kNowhere, {.code = "bad_assignment",
                                 .summary = "--var needs NAME=VALUE, and found no =",
                                 .label = "",
                                 .hint = "such as --var domain=example.lan"});
      continue;
    }
    const auto known = variables_.vars.find(name);
    const std::string value = assignment.substr(equals + 1);
    if (known == variables_.vars.end()) {
      const std::string nearest_name = did_you_mean(name, variable_names());
      reporter_.error(kNowhere, {.code = "unknown_variable",
                                 .summary = fmt::format("--var: no variable is called {}", quote(name)),
                                 .label = "",
                                 .hint = nearest_name.empty() ? "declare it under `vars:`" : nearest_name});
    } else if (find_invalid_utf8(value) != std::string::npos || find_control_character(value) != std::string::npos) {
      reporter_.error(kNowhere, {.code = "control_character",
                                 .summary = fmt::format("--var: the value of {} holds a control character, or is not "
                                                        "UTF-8",
                                                        quote(name)),
                                 .label = "",
                                 .hint = "encode it, such as in base64"});
      declared_[name].state = Declared::State::broken;
    } else {
      known->second.value = value;
    }
  }
}

void Substitution::resolve(const std::string& name, std::vector<std::string>& chain) {
  Declared& declared = declared_[name];
  Variables::Variable& variable = variables_.vars[name];
  if (declared.state != Declared::State::untouched) return;
  declared.state = Declared::State::open;
  chain.push_back(name);
  bool fine = true;
  if (!variable.value && declared.standard != nullptr) fine = take_default(name, *declared.standard, chain);
  const bool demanded = !variable.sensitive || input_.secrets == ReadInput::Secrets::demanded;
  if (fine && !variable.value && demanded) {
    reporter_.error(declared.where, {.code = "missing_variable",
                                     .summary = fmt::format("variable {} has no value", quote(name)),
                                     .label = "it has no default",
                                     .hint = fmt::format("give --var {0}=VALUE, or set VSCALE_VAR_{0}", name)});
    fine = false;
  }
  declared.state = fine ? Declared::State::done : Declared::State::broken;
  chain.pop_back();
}

bool Substitution::take_default(const std::string& name, const Node& node, std::vector<std::string>& chain) {
  const Pieces pieces = parse_placeholders(node.text);
  const Origin origin{&node, -1};
  bool fine = !pieces.unclosed.has_value();
  if (!fine) report_unclosed({origin, node.text, *pieces.unclosed, 2}, Path().key("vars").key(name).subject());
  std::optional<std::string> value = "";
  std::size_t mistakes = 0;
  for (const Piece& piece : pieces.all) {
    if (fill_default(name, piece, {origin, node.text, piece.offset, piece.text.size() + 3}, chain, value)) continue;
    fine = false;
    if (++mistakes >= kMaxMistakesInOneText) break;
  }
  if (fine) variables_.vars[name].value = std::move(value);
  return fine;
}

bool Substitution::fill_default(const std::string& name, const Piece& piece, const Spot& where,
                                std::vector<std::string>& chain, std::optional<std::string>& value) {
  if (piece.literal) return append(piece.text, value, name, where);
  const Reference reference = parse_reference(piece.text);
  if (reference.kind == Reference::Kind::environment) {
    variables_.vars[name].sensitive = true;
    return check_environment(reference.word, where) &&
           append(variables_.environment[reference.word], value, name, where);
  }
  if (reference.kind != Reference::Kind::variable || !variables_.vars.contains(reference.word)) {
    report_unknown(piece, where, Path().key("vars").key(name).subject());
    return false;
  }
  if (declared_[reference.word].state == Declared::State::open) {
    report_cycle(reference.word, where, chain);
    return false;
  }
  if (chain.size() >= kMaxVariableChain) {
    reporter_.error(place_of(where), {.code = "too_deep",
                                      .summary = fmt::format("variable {}: defaults that name each other form too "
                                                             "long a chain",
                                                             quote(name)),
                                      .label = fmt::format("allowed: {}", kMaxVariableChain),
                                      .hint = "name the value itself further up"});
    return false;
  }
  resolve(reference.word, chain);
  const Variables::Variable& other = variables_.vars[reference.word];
  variables_.vars[name].sensitive = variables_.vars[name].sensitive || other.sensitive;
  return declared_[reference.word].state != Declared::State::broken && append(other.value, value, name, where);
}

// A part without a value leaves the whole without one.
bool Substitution::append(const std::optional<std::string>& part, std::optional<std::string>& value,
                          const std::string& name, const Spot& where) {
  if (!part || !value) {
    value.reset();
    return true;
  }
  *value += *part;
  if (value->size() <= kMaxValueBytes) return true;
  reporter_.error(place_of(where),
                  {.code = "too_large",
                   .summary = fmt::format("variable {} is too long with everything filled in", quote(name)),
                   .label = fmt::format("allowed: {} bytes", kMaxValueBytes),
                   .hint = "put it into a file for userDataFile with substitute: false"});
  return false;
}

void Substitution::report_cycle(const std::string& name, const Spot& where, const std::vector<std::string>& chain) {
  std::string way;
  for (auto at = std::find(chain.begin(), chain.end(), name); at != chain.end(); ++at) way += *at + " -> ";
  reporter_.error(place_of(where), {.code = "cyclic_variable",
                                    .summary = fmt::format("variables are made from each other: {}{}", way, name),
                                    .label = "this would go on forever",
                                    .hint = "give one of them a default without ${var.…}"});
}

std::optional<std::string> Substitution::fill(const Node& node, const std::string& subject, Keep keep) {
  return fill(node.text, Origin{&node, -1}, subject, keep);
}

std::optional<std::string> Substitution::fill(const std::string& text, int file, const std::string& subject,
                                              Keep keep) {
  return fill(text, Origin{nullptr, file}, subject, keep);
}

std::optional<std::string> Substitution::fill(const std::string& text, const Origin& origin, const std::string& subject,
                                              Keep keep) {
  const Pieces pieces = parse_placeholders(text);
  bool fine = !pieces.unclosed.has_value();
  if (!fine) report_unclosed({origin, text, *pieces.unclosed, 2}, subject);
  std::vector<Piece> filled;
  std::size_t bytes = 0;
  std::size_t mistakes = 0;
  mentioned_here_.clear();
  for (const Piece& piece : pieces.all) {
    const Spot where{origin, text, piece.offset, piece.text.size() + 3};
    if (piece.literal) {
      filled.push_back(piece);
    } else if (!fill_piece(piece, where, subject, keep, filled)) {
      fine = false;
      if (++mistakes >= kMaxMistakesInOneText) return std::nullopt;
      continue;
    }
    bytes += filled.back().text.size();
    if (bytes <= std::max(kMaxValueBytes, text.size())) continue;
    reporter_.error(place_of(where), {.code = "too_large",
                                      .summary = fmt::format("{} is too long with everything filled in", subject),
                                      .label = fmt::format("allowed: {} bytes", kMaxValueBytes),
                                      .hint = "fill in less, or let the guest fetch it"});
    return std::nullopt;
  }
  if (!fine) return std::nullopt;
  if (keep != Keep::nothing) return kept_for_instance(filled, {origin, text, 0, 1}, subject);
  std::string out;
  for (const Piece& piece : filled) out += piece.text;
  return out;
}

std::optional<std::string> Substitution::kept_for_instance(const std::vector<Piece>& pieces, const Spot& where,
                                                           const std::string& subject) {
  auto kept = template_text_of(pieces);
  if (kept) return kept;
  reporter_.error(place_of(where),
                  {.code = "ambiguous_escape",
                   .summary = fmt::format("{}: a value that ends in $ stands directly before ${{…}}", subject),
                   .label = "$${ would be taken as the escape",
                   .hint = "put another character between them"});
  return std::nullopt;
}

bool Substitution::fill_piece(const Piece& piece, const Spot& where, const std::string& subject, Keep keep,
                              std::vector<Piece>& into) {
  const Reference reference = parse_reference(piece.text);
  switch (reference.kind) {
    case Reference::Kind::unknown:
      report_unknown(piece, where, subject);
      return false;
    case Reference::Kind::variable: {
      if (!check_variable(reference.word, where, subject)) return false;
      const Variables::Variable& variable = variables_.vars[reference.word];
      if (!variable.sensitive) {
        into.push_back({.literal = true, .text = variable.value.value_or(""), .offset = piece.offset});
        return true;
      }
      break;
    }
    case Reference::Kind::environment:
      if (!check_environment(reference.word, where)) return false;
      break;
    case Reference::Kind::other_address:
      if (keep != Keep::all) {
        report_fact(piece.text, where, subject, keep);
        return false;
      }
      if (mentioned_here_.insert(reference.other).second) {
        mentions_.push_back({reference.other, place_of(where), subject});
      }
      into.push_back(piece);
      return true;
    case Reference::Kind::name:
    case Reference::Kind::group:
    case Reference::Kind::ordinal:
    case Reference::Kind::address:
    case Reference::Kind::host:
      if (keep == Keep::nothing) {
        report_fact(piece.text, where, subject, keep);
        return false;
      }
      into.push_back(piece);
      return true;
  }
  if (keep != Keep::all) {
    report_secret(piece.text, where, subject);
    return false;
  }
  into.push_back(piece);
  return true;
}

void Substitution::report_fact(const std::string& what, const Spot& where, const std::string& subject, Keep keep) {
  const bool facts_are_fine = keep == Keep::facts;
  reporter_.error(place_of(where),
                  {.code = "instance_fact",
                   .summary = fmt::format("{}: {} cannot be used here", subject, shown(what)),
                   .label = facts_are_fine ? "only facts of the instance itself" : "this is known for an instance only",
                   .hint = facts_are_fine ? "addresses of other instances can stand in cloudInit.userData"
                                          : "it can stand in cloudInit.userData, gates and hooks"});
}

bool Substitution::check_variable(const std::string& name, const Spot& where, const std::string& subject) {
  const auto known = declared_.find(name);
  if (known != declared_.end()) return known->second.state == Declared::State::done;
  report_unknown({.literal = false, .text = "var." + name, .offset = 0}, where, subject);
  return false;
}

bool Substitution::check_environment(const std::string& name, const Spot& where) {
  const auto [entry, is_new] = variables_.environment.try_emplace(name);
  if (is_new && input_.environment) entry->second = input_.environment(name);
  if (entry->second || input_.secrets == ReadInput::Secrets::not_demanded) return true;
  reporter_.error(place_of(where),
                  {.code = "missing_variable",
                   .summary = fmt::format("the environment has no variable {}", quote(name)),
                   .label = "not set",
                   .hint = fmt::format("set {}, or write $${{env.{}}} for the text itself", name, name)});
  return false;
}

void Substitution::report_unclosed(const Spot& where, const std::string& subject) {
  reporter_.error(place_of(where), {.code = "unclosed_placeholder",
                                    .summary = fmt::format("{}: ${{ has no closing }}", subject),
                                    .label = "expected } after it",
                                    .hint = "write $${ for the two characters themselves"});
}

void Substitution::report_unknown(const Piece& piece, const Spot& where, const std::string& subject) {
  std::vector<std::string> known = fact_names();
  for (const std::string& name : variable_names()) known.push_back("var." + name);
  std::string hint = nearest(piece.text, known);
  if (!hint.empty()) hint = fmt::format("did you mean ${{{}}}? ", hint);
  if (!piece.text.starts_with("var.") && variables_.vars.contains(piece.text)) {
    hint = fmt::format("did you mean ${{var.{}}}? ", piece.text);
  }
  reporter_.error(place_of(where), {.code = "unknown_placeholder",
                                    .summary = fmt::format("{}: {} is not known", subject, shown(piece.text)),
                                    .label = "expected var.NAME, env.NAME or a fact of the instance",
                                    .hint = fmt::format("{}write $${{{}}} for the text itself", hint, piece.text)});
}

void Substitution::report_secret(const std::string& what, const Spot& where, const std::string& subject) {
  reporter_.error(place_of(where),
                  {.code = "secret_exposed",
                   .summary = fmt::format("{}: {} is sensitive and cannot be used here", subject, shown(what)),
                   .label = "this would be shown or stored",
                   .hint = "secrets can stand in cloudInit.userData, hooks, tokens and passwords"});
}

Place Substitution::place_of(const Spot& spot) const {
  const int file = spot.origin.node != nullptr ? spot.origin.node->place.file : spot.origin.file;
  if (file < 0) return kNowhere;
  const std::string& source = reporter_.file(file).text();
  std::size_t at = spot.offset;
  if (spot.origin.node != nullptr) {
    // Folding and escapes move things about; the placeholder itself is found where it was written, counting those
    // before it.
    const std::string_view wanted = std::string_view(spot.text).substr(spot.offset, spot.length);
    std::size_t before = 0;
    for (std::size_t i = spot.text.find(wanted); i < spot.offset; i = spot.text.find(wanted, i + 1)) ++before;
    at = source.find(wanted, spot.origin.node->place.offset);
    for (std::size_t i = 0; i < before && at != std::string::npos; ++i) at = source.find(wanted, at + 1);
    if (at == std::string::npos) return spot.origin.node->place;
  }
  Place place = reporter_.file(file).at(at);
  place.file = file;
  place.length = static_cast<int>(spot.length);
  return place;
}

std::vector<std::string> Substitution::variable_names() const {
  std::vector<std::string> names;
  for (const auto& [name, variable] : variables_.vars) names.push_back(name);
  return names;
}

}  // namespace vscale
