#include "cmd/views/watch/explain_view.h"

#include <fmt/format.h>

#include "cmd/views/text/names.h"
#include "cmd/views/watch/size_text.h"
#include "engine/recorded/wanted_size.h"
#include "engine/values/variants/overloaded.h"

namespace vscale {
namespace {

/// A moment with its weekday and a long name of a zone: "Mon 2026-11-30 07:00 America/Argentina/Buenos_Aires".
constexpr int kMomentMax = 52;

/// "4", "3 to 6", "3 or more", "-", "error"
std::string says(const Recommendation& one) {
  switch (one.kind) {
    case Recommendation::Kind::size:
      return std::to_string(one.size);
    case Recommendation::Kind::bounds:
      if (one.floor && one.ceiling) return fmt::format("{} to {}", *one.floor, *one.ceiling);
      if (one.floor) return fmt::format("{} or more", *one.floor);
      return one.ceiling ? fmt::format("{} at most", *one.ceiling) : "-";
    case Recommendation::Kind::none:
      return "-";
    case Recommendation::Kind::error:
      return "error";
  }
  VSCALE_ASSERT(false, "a recommendation without words");
}

std::string head_text(const Explanation& explanation, const TimeWords& times) {
  const std::string size = fmt::format("{}: {} wanted", shown_group(explanation.group), explanation.size);
  if (!explanation.owner) return size + ", as the file says.";
  const WantedSize& owner = *explanation.owner;
  std::string since = "since " + moment_text(owner.at, times);
  if (owner.until && times.now < *owner.until) {
    since += fmt::format(", held for {} more", show_duration(*owner.until - times.now));
  }
  if (!owner.reason.empty()) since += ": " + owner.reason;
  const std::string bound = bound_of(owner, explanation.size);
  if (bound.empty()) return fmt::format("{}, by {} {}.", size, show_owner(owner), since);
  return fmt::format("{}: {} of the file ({} wanted {} {}).", size, bound, show_owner(owner), owner.size, since);
}

std::string decision_text(const ScalingDecision& decision, const TimeWords& times, const Paint& paint) {
  std::string out =
      hanging(times.time_of_day(decision.at) + "  ",
              fmt::format("{}  ({} ready of {} there)", decision.text, decision.ready, decision.there), "", 2);
  Table policies(2);
  policies.add({paint.dim("POLICY"), paint.dim("SAYS"), "WHY"});
  for (const auto& one : decision.recommendations) {
    const bool won = one.policy == decision.winner;
    policies.add({won ? paint.bold(one.policy) : one.policy, says(one), printable(one.text)});
  }
  if (!decision.recommendations.empty()) out += policies.text();
  Table layers(2);
  layers.add({paint.dim("LAYER"), paint.dim("SIZE"), "WHY"});
  for (const auto& layer : decision.layers) {
    if (layer.text.empty()) continue;
    const std::string size =
        layer.before == layer.after ? std::to_string(layer.after) : fmt::format("{} -> {}", layer.before, layer.after);
    layers.add({to_string(layer.layer), size, printable(layer.text)});
  }
  if (!decision.layers.empty()) out += layers.text();
  return out;
}

std::string next_text(const std::vector<NextFiring>& next, const Paint& paint) {
  Table table(2, Table::Symbols::none, kMomentMax);
  table.add({paint.dim("NEXT"), paint.dim("WHEN"), "WHAT"});
  for (const auto& one : next) table.add({one.policy, one.local, one.what});
  return table.text();
}

std::string lasting(const std::optional<Instant>& until, const TimeWords& times) {
  return until ? fmt::format(", {} more", show_duration(std::max(Duration{0}, *until - times.now))) : "";
}

std::string word_text(const OperatorWord& word, const TimeWords& times) {
  const auto by = [&](const Said& said) {
    return fmt::format(" by {} {}{}", said.by, moment_text(said.at, times),
                       said.reason.empty() ? "" : ": " + said.reason);
  };
  return std::visit(
      Overloaded{
          [&](const Suspension& one) {
            return fmt::format("{} suspended{}{}", to_string(one.process), by(one.said), lasting(one.until, times));
          },
          [&](const Protection& one) {
            return fmt::format("{} protected ({}){}{}", short_name(one.instance), to_string(one.from), by(one.said),
                               lasting(one.until, times));
          },
          [&](const StopWord& one) { return fmt::format("{} stopped{}", short_name(one.instance), by(one.said)); },
          [&](const RestartWord& one) { return fmt::format("restart asked for{}", by(one.said)); }},
      word);
}

std::string ill_text(const HealthRecord& health, const TimeWords& times) {
  std::string text = short_name(health.address);
  if (health.failures > 0) text += fmt::format(": {} failures in a row: {}", health.failures, health.failure);
  if (!health.healed_at.empty()) {
    text += fmt::format("{} healed {} time{} lately", health.failures > 0 ? ";" : ":", health.healed_at.size(),
                        health.healed_at.size() == 1 ? "" : "s");
  }
  if (health.retry_at && times.now < *health.retry_at) {
    text += fmt::format("; in a crash loop, tried again in {}", show_duration(*health.retry_at - times.now));
  }
  return text;
}

}  // namespace

std::string explanation_text(const Explanation& explanation, const TimeWords& times, const Paint& paint) {
  std::string out = left_and_right(printable(head_text(explanation, times)), "", 2);
  if (!explanation.has_policies) {
    out += left_and_right("It has no policies that could say otherwise.", "", 2);
  } else if (explanation.decisions.empty()) {
    out += left_and_right("No decision has been made yet: they are made by vscale watch.", "", 2);
  }
  for (const auto& decision : explanation.decisions) out += "\n" + decision_text(decision, times, paint);
  if (!explanation.next.empty()) out += "\n" + next_text(explanation.next, paint);
  if (!explanation.words.empty()) out += "\n" + paint.bold("SAID") + "\n";
  for (const auto& word : explanation.words) out += hanging("  ", printable(word_text(word, times)), "", 2);
  if (!explanation.ill.empty()) out += "\n" + paint.bold("HEALTH") + "\n";
  if (!explanation.why_nobody_is_healed.empty()) {
    out += hanging("  ", explanation.why_nobody_is_healed + ": nobody is restarted or replaced until fewer are", "", 2);
  }
  for (const auto& health : explanation.ill) out += hanging("  ", printable(ill_text(health, times)), "", 2);
  return out;
}

}  // namespace vscale
