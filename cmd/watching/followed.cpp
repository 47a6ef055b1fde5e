#include "cmd/watching/followed.h"

#include <fmt/format.h>

#include <utility>

#include "engine/ports/state_store.h"

namespace vscale {
namespace {

bool is_same(const ConfigurationFiles& left, const ConfigurationFiles& right) {
  return left.read.config == right.read.config && left.read.variables == right.read.variables;
}

std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const auto& one : diagnostics) text += one.code + one.summary + "\n";
  return text;
}

bool says_to_follow_files(const Config& config) {
  return config.watch.follow == Watch::Follow::file;
}

/// All that was read, also of the files that the configuration names, by which two looks are compared.
std::string text_of(const Result<ConfigurationFiles>& read) {
  if (!read) return to_string(read.error());
  std::string text;
  for (const auto& file : read->input.files) text += file.path + "\n" + file.text + "\n";
  for (const auto& file : read->input.var_files) text += file.path + "\n" + file.text + "\n";
  for (const auto& file : read->read.files_read) text += file.path + "\n" + file.text + "\n";
  return text + text_of(read->read.diagnostics);
}

}  // namespace

/// From `source` on, if it is without a mistake.
Followed::News Followed::take(Result<ConfigurationFiles> read, Source source) {
  News news;
  std::string told;
  if (!read) {
    news.why = read.error();
    told = to_string(read.error());
  } else if (!read->read.config) {
    news.rejected = read->read.diagnostics;
    told = text_of(read->read.diagnostics);
  }
  std::string& told_before = rejected_[source];
  if (!told.empty()) {
    if (told == told_before) return {};
    told_before = told;
    return news;
  }
  news.mended = !told_before.empty();
  told_before.clear();
  source_ = source;
  if (current_ && is_same(*current_, *read)) return news;
  current_ = std::move(*read);
  news.changed = true;
  return news;
}

Followed::News Followed::read_files() {
  auto read = vscale::read_files(invocation_, ReadInput::Secrets::demanded);
  seen_before_ = text_of(read);
  News news = take(std::move(read), Source::files);
  if (current_ && !says_to_follow_files(*current_->read.config)) source_ = Source::none;
  return news;
}

Followed::News Followed::look(StateStore& store) {
  if (source_ == Source::files) {
    News news = look_at_files();
    if (source_ == Source::files) return news;
    // What was accepted may be what the files said before: then nothing has changed but where it comes from.
    News accepted = look_at_accepted(store);
    accepted.files_left = true;
    return accepted;
  }
  News news = look_at_accepted(store);
  const bool is_not_taken = news.why || !news.rejected.empty();
  if (is_not_taken || !may_go_on_to_files()) return news;
  News of_files = look_at_files();
  of_files.changed |= news.changed;
  return of_files;
}

bool Followed::may_go_on_to_files() const {
  if (source_ == Source::accepted) return says_to_follow_files(*current_->read.config);
  return !has_accepted_;
}

/// An editor may be in the middle of it: what is new counts once two looks have seen the same.
Followed::News Followed::look_at_files() {
  auto read = vscale::read_files(invocation_, ReadInput::Secrets::demanded);
  const std::string seen = text_of(read);
  const bool is_settled = seen == seen_before_;
  seen_before_ = seen;
  if (!is_settled) return {};
  if (read && read->read.config && !says_to_follow_files(*read->read.config)) {
    leave_files(std::move(*read));
    return {};
  }
  const bool is_without_mistake = read && read->read.config;
  News news = take(std::move(read), Source::files);
  if (is_without_mistake) accepted_at_.reset();
  return news;
}

/// They say `follow: applied`: what else they say, nobody has applied.
void Followed::leave_files(ConfigurationFiles read) {
  rejected_[Source::files].clear();
  if (source_ == Source::files) source_ = Source::none;
  if (!current_) current_ = std::move(read);
}

Followed::News Followed::look_at_accepted(StateStore& store) {
  auto accepted = store.accepted_config();
  if (!accepted) return take(accepted.error(), Source::accepted);
  is_withdrawn_ = *accepted && is_withdrawn(**accepted);
  if (is_withdrawn_) {
    has_accepted_ = false;
    accepted_at_.reset();
    if (source_ == Source::accepted) source_ = Source::none;
  }
  if (!*accepted || is_withdrawn_) return {};
  has_accepted_ = true;
  const Instant at = (*accepted)->at;
  if (accepted_at_ == at) return {};
  auto var_files = read_var_files(invocation_);
  if (!var_files) return take(var_files.error(), Source::accepted);
  ReadInput input = input_of(invocation_, **accepted, std::move(*var_files), ReadInput::Secrets::demanded);
  ReadConfig read = read_config(input);
  const bool is_without_mistake = read.config.has_value();
  News news = take(ConfigurationFiles{std::move(input), std::move(read)}, Source::accepted);
  // Until then it is tried again at every look: what is missing, as a variable's file, may come later.
  if (is_without_mistake) accepted_at_ = at;
  return news;
}

}  // namespace vscale
