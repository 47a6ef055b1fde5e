#include "cmd/views/rollout/outline_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "cmd/views/text/names.h"
#include "cmd/views/text/text_layout.h"

namespace vscale {
namespace {

constexpr int kAll = 100;
constexpr int kNameMax = 40;  // of a group: no name is longer

std::string amount_text(const Amount& amount) {
  if (amount.unit == Amount::Unit::count) return std::to_string(amount.value);
  return amount.value == kAll ? "all" : fmt::format("{}%", amount.value);
}

std::string steps_text(const std::vector<UpdateStep>& steps) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < steps.size(); ++i) texts.push_back(step_text(steps[i], i == 0));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What goes back is never gone back from.
std::string on_failure_text(const RolloutOutline& outline) {
  const std::string text = outline.max_failures > 0 ? fmt::format("after {} failed: ", outline.max_failures + 1)
                                                    : std::string("on failure: ");
  switch (outline.on_failure) {
    case Update::OnFailure::pause:
      return text + "pause";
    case Update::OnFailure::rollback:
      return text + (outline.back ? "pause" : "rollback");
    case Update::OnFailure::proceed:
      return "goes on whatever fails";
  }
  VSCALE_ASSERT(false, "an OnFailure without a word");
}

}  // namespace

std::string step_text(const UpdateStep& step, bool is_first) {
  std::string text = amount_text(step.to);
  if (is_first && text != "all") text = "first " + text;
  if (step.manual_pause) text += ", pause until promoted";
  if (step.pause) text += ", pause " + show_duration(*step.pause);
  if (step.bake) text += ", bake " + show_duration(*step.bake);
  return text;
}

std::string outline_headline(const RolloutOutline& outline) {
  const std::string what = printable(outline.what);
  if (!outline.back) return what;
  const std::string back = fmt::format("back to revision {}", outline.to);
  return what.empty() ? back : back + ": " + what;
}

std::string outline_budget(const RolloutOutline& outline) {
  std::string text =
      fmt::format("surge {}, unavailable {}, {} per host", outline.surge, outline.unavailable, outline.per_host);
  if (outline.in_place) {
    const std::string why = outline.in_place_why.empty() ? "" : fmt::format(" ({})", printable(outline.in_place_why));
    text = fmt::format("in place{}, unavailable {}, {} per host", why, outline.unavailable, outline.per_host);
  }
  if (outline.min_ready > Duration{0}) text += fmt::format(", ready for {} each", show_duration(outline.min_ready));
  const std::string steps = steps_text(outline.steps);
  return steps.empty() ? text : text + "; " + steps;
}

std::string outline_bounds(const RolloutOutline& outline, Room room) {
  std::string text =
      fmt::format("peak of {} VM{}{}; never below {} ready; {}", outline.peak, outline.peak == 1 ? "" : "s",
                  room == Room::fits ? " fits" : "", outline.lowest, on_failure_text(outline));
  if (outline.failures > 0) text += fmt::format("; {} failed so far", outline.failures);
  return text;
}

std::string outline_held(const RolloutOutline& outline, Room room, int indent) {
  if (outline.held.empty()) return {};
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  const std::string name = cut(shown_group(outline.group), kNameMax);
  std::string text = fmt::format("{}held: {}", margin, printable(outline.held));
  if (room == Room::fits) text += fmt::format("; how to go on: `vscale rollout status {}`", name);
  return left_and_right(text, "", 2);
}

}  // namespace vscale
