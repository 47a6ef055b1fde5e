#include "engine/scaling/decide_size.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/scaling/layers/combine.h"
#include "engine/scaling/layers/flapping.h"
#include "engine/scaling/layers/permit.h"
#include "engine/scaling/layers/temper.h"
#include "engine/scaling/policies/ask_policies.h"
#include "engine/scaling/scaling_history.h"

namespace vscale {
namespace {

using Basis = Combined::Basis;

// A tick that comes a little early, by the unrest of timers, is not put off by a whole one.
constexpr int kEarlyShareOfInterval = 10;

int members_there(const std::vector<ScalingMember>& members) {
  return static_cast<int>(std::ranges::count_if(
      members, [](const ScalingMember& member) { return member.state != ScalingMember::State::leaving; }));
}

// One decision, from what the policies say to what the state is to remember.
class Deciding {
 public:
  Deciding(const ScalingInput& input, const ScalingMemory& memory)
      : input_(input),
        scaling_(*input.group->scaling),
        before_(still_of_use(memory, *input.group, input.evaluate_interval, input.now)),
        is_said_by_operator_(is_held(input.operator_size, input.now)) {
    outcome_.memory = before_;
    outcome_.memory.group = group_name();
    decision().group = group_name();
    decision().at = input.now;
    decision().current = decision().size = input.current;
    decision().ready = ready_members(input.members);
    decision().there = members_there(input.members);
    note_ready(outcome_.memory, *input.group, decision().ready, input.current, input.now);
  }

  ScalingOutcome outcome() && {
    opinions_ = ask_policies(input_, before_.policies);
    decision().recommendations = opinions_.recommendations;
    combined_ = combine(scaling_, opinions_.recommendations, input_.current);
    pass(combined_.result);
    if (combined_.winner) decision().winner = scaling_.policies[*combined_.winner].name;
    pass(as_said(decision().size, input_.operator_size, input_.now));
    if (is_said_by_operator_) decision().winner.clear();
    base_ = input_.current - ending_by_themselves();
    temper();
    permit();
    decision().terminating = those_that_may_end();
    decision().text = text();
    remember();
    return std::move(outcome_);
  }

 private:
  ScalingDecision& decision() { return outcome_.decision; }
  [[nodiscard]] const ScalingDecision& decision() const { return outcome_.decision; }

  [[nodiscard]] std::string group_name() const {
    return group_address({.kind = input_.group->kind, .group = input_.group->name});
  }

  void pass(LayerResult result) {
    decision().size = result.after;
    decision().layers.push_back(std::move(result));
  }

  // Members that want to end are not replaced where no policy but those that they have told has said a size. Otherwise
  // they count as a need for a new one, which is tempered like any other.
  [[nodiscard]] int ending_by_themselves() const {
    if (is_said_by_operator_ || combined_.basis != Basis::load) return 0;
    for (std::size_t i = 0; i < scaling_.policies.size(); ++i) {
      const bool is_size = opinions_.recommendations[i].kind == Recommendation::Kind::size;
      if (is_size && scaling_.policies[i].kind != ScalingPolicy::Kind::capacity) return 0;
    }
    return std::clamp(input_.current - decision().size, 0, static_cast<int>(opinions_.terminating.size()));
  }

  // What the policies would have is remembered whoever has the say now, so that afterwards nothing begins anew.
  void temper() {
    note_opinion(outcome_.memory, input_.evaluate_interval, combined_.result.after, input_.now);
    outcome_.memory.flapping_until = flapping_until(before_.flapping_until, before_.changes, input_.now);
    if (is_said_by_operator_ || combined_.basis == Basis::event || combined_.basis == Basis::window) return;
    const ScalingMemory& memory = outcome_.memory;
    pass(stabilised());
    pass(limit_rate(decision().size, base_, scaling_, memory.changes, input_.now));
    pass(rest(decision().size, base_, scaling_.cooldown, memory, input_.now));
    pass(look_ahead(decision().size, base_, opinions_.loads, input_.current));
    pass(round_to_increment(decision().size, base_, scaling_.increment));
  }

  LayerResult stabilised() {
    OutIn windows = scaling_.stabilization;
    const bool flaps = outcome_.memory.flapping_until.has_value();
    if (flaps) windows.in = doubled_window(windows.in);
    LayerResult result =
        stabilise(decision().size, base_, outcome_.memory.opinions, windows, input_.evaluate_interval, input_.now);
    if (!flaps) return result;
    if (!result.text.empty()) result.text += "; ";
    result.text += fmt::format("flaps: shrinking must be needed for {}", show_duration(windows.in));
    return result;
  }

  void permit() {
    const bool keeps_windows = !is_said_by_operator_ && combined_.basis != Basis::window;
    const SizeBounds bounds =
        keeps_windows ? bounds_of_windows(scaling_, opinions_.recommendations) : bounds_of_file(scaling_);
    const int wanted = decision().size;
    pass(clamp_to(wanted, bounds));
    if (decision().size > wanted && !bounds.low_by.empty()) decision().winner = bounds.low_by;
    if (decision().size < wanted && !bounds.high_by.empty()) decision().winner = bounds.high_by;
    ending_ = std::clamp(input_.current - decision().size, 0, input_.current - base_);
    pass(fit_room(decision().size, input_.current, input_.room));
    pass(hold_back(decision().size, input_.current, obstacles()));
    pass(keep_protected(decision().size, input_.current, input_.members));
    pass(limit_removal(decision().size, input_.current, input_.destroy_limit));
  }

  [[nodiscard]] Obstacles obstacles() const {
    return {.breaker = input_.breaker,
            .suspended = input_.suspended,
            .rolling = input_.rolling,
            .scaling_in = input_.scaling_in};
  }

  // Those that are to be replaced, and of those that are not, as many as the group shrinks by now.
  [[nodiscard]] std::vector<InstanceAddress> those_that_may_end() const {
    if (!why_nobody_goes(obstacles()).empty()) return {};
    std::vector<InstanceAddress> ending = opinions_.terminating;
    const int shrinks_by = std::max(0, input_.current - decision().size);
    const int replaced = static_cast<int>(ending.size()) - ending_;
    const bool can_replace = why_nobody_comes(obstacles()).empty();
    const int may_end = can_replace ? replaced + std::min(ending_, shrinks_by) : shrinks_by;
    ending.resize(std::min(ending.size(), static_cast<std::size_t>(may_end)));
    return ending;
  }

  void remember() {
    ScalingMemory& memory = outcome_.memory;
    memory.evaluated_at = input_.now;
    memory.policies = std::move(opinions_.memory);
    // An event that something stood against comes due again at the next tick, as long as it is fresh.
    if (combined_.basis == Basis::event && !is_said_by_operator_ && decision().size != combined_.result.after) {
      const std::string& event = scaling_.policies[*combined_.winner].name;
      const auto before = before_.policies.find(event);
      memory.policies[event] = before == before_.policies.end() ? PolicyMemory{} : before->second;
    }
    note_change(memory, input_.current, decision().size, input_.now);
  }

  [[nodiscard]] const LayerResult& result_of(LayerResult::Layer layer) const {
    const auto found = std::ranges::find(decision().layers, layer, &LayerResult::layer);
    VSCALE_ASSERT(found != decision().layers.end(), "a layer is asked for its result once it has one");
    return *found;
  }

  [[nodiscard]] const Recommendation* said_by(const std::string& policy) const {
    const auto found = std::ranges::find(decision().recommendations, policy, &Recommendation::policy);
    return found == decision().recommendations.end() ? nullptr : &*found;
  }

  // Why the size is what it is, before the layers had their say.
  [[nodiscard]] std::string reason() const {
    if (is_said_by_operator_) return result_of(LayerResult::Layer::said).text;
    const Recommendation* winner = said_by(decision().winner);
    if (winner == nullptr) return combined_.result.text;
    const bool says_name = winner->text.starts_with(winner->policy);
    return says_name ? winner->text : fmt::format("{}: {}", winner->policy, winner->text);
  }

  [[nodiscard]] std::string text() const {
    const int size = decision().size;
    std::string text = size == input_.current ? std::to_string(size) : fmt::format("{} -> {}", input_.current, size);
    text += ": " + reason();
    const LayerResult* last = nullptr;
    for (const LayerResult& layer : decision().layers) {
      const bool is_said_already =
          layer.layer == LayerResult::Layer::combine || layer.layer == LayerResult::Layer::said;
      if (!is_said_already && layer.after != layer.before) last = &layer;
    }
    if (last == nullptr) return text;
    const int wanted = is_said_by_operator_ ? result_of(LayerResult::Layer::said).after : combined_.result.after;
    if (wanted != size) text += fmt::format(", for {}", wanted);
    return text + fmt::format("; {}: {}", to_string(last->layer), last->text);
  }

  const ScalingInput& input_;
  const Scaling& scaling_;
  const ScalingMemory before_;
  const bool is_said_by_operator_;
  ScalingOutcome outcome_;
  Opinions opinions_;
  Combined combined_;
  int base_ = 0;    // the present size, without those that end by themselves and are not replaced
  int ending_ = 0;  // how many of those there are, once min is heeded
};

}  // namespace

int ready_members(const std::vector<ScalingMember>& members) {
  return static_cast<int>(std::ranges::count_if(members, [](const ScalingMember& member) {
    return !member.surge && member.state == ScalingMember::State::ready;
  }));
}

bool is_due(const ScalingMemory& memory, Duration evaluate_interval, Instant now) {
  if (!memory.evaluated_at || now < *memory.evaluated_at) return true;
  return now - *memory.evaluated_at >= evaluate_interval - evaluate_interval / kEarlyShareOfInterval;
}

ScalingOutcome decide_size(const ScalingInput& input, const ScalingMemory& memory) {
  VSCALE_ASSERT(input.group != nullptr && input.group->scaling, "a group without scaling has a size of its own");
  VSCALE_ASSERT(input.current >= 0, "a size is not negative");
  return Deciding(input, memory).outcome();
}

}  // namespace vscale
