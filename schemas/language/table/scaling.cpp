#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"
#include "schemas/text/bounds.h"

namespace vscale::table {
namespace {

Type scaling_sources_and_policies() {
  const Type prometheus = object({.name = "prometheusSource",
                                  .title = "a Prometheus query",
                                  .doc = "A number from Prometheus.",
                                  .keys = {{"url", text(forms::kUrl), "", "Its address.", kRequired},
                                           {"query", text(), "", "PromQL that gives one number.", kRequired}}});
  const Type influxdb = object({.name = "influxdbSource",
                                .title = "an InfluxDB query",
                                .doc = "A number from the InfluxDB of `metrics`.",
                                .keys = {{"query", text(), "", "InfluxQL that gives one number.", kRequired}}});
  const Type http = object(
      {.name = "httpSource",
       .title = "an HTTP source",
       .doc =
           "From an HTTP answer in JSON: a number (`url`, `value`), or for kind capacity what each instance answers.",
       .keys = {{"url", text(forms::kUrl), "", "Where to ask."},
                {"value", text(forms::kJsonPointer), "", "JSON pointer to the number."},
                {"scheme", choice({"http", "https"}), "http", "capacity"},
                {"port", integer(1, 65535), "80", "capacity"},
                {"path", text(), "/", "capacity"},
                {"available", text(forms::kJsonPointer), "", "capacity: JSON pointer to the free resources."},
                {"terminate", text(forms::kJsonPointer), "", "capacity: JSON pointer to whether it wants to end."},
                {"timeout", duration(), "2s", "capacity"},
                {"token", filled_for_instance(), "", "capacity: bearer token; may be a secret."}}});
  const Type step = object(
      {.name = "scalingStep",
       .title = "a step",
       .doc = "By how far the number is above the threshold; below it that is less than 0. Steps on one side follow "
              "each other without a gap.",
       .keys = {{"from", number(-1e9, 1e9), "(0; no end where `to` is 0 or less)",
                 "Inclusive; below the threshold exclusive."},
                {"to", number(-1e9, 1e9), "(no end)", "Exclusive; below the threshold inclusive."},
                {"add", signed_amount(), "", "Instances, or percent; negative takes away.", kRequired}}});
  const Type unneeded = object({.name = "unneeded",
                                .title = "unneeded",
                                .doc = "When a node counts as unneeded.",
                                .keys = {{"below", percent(), "50%", "Of what is asked for on it."},
                                         {"for", duration(), "10m", "For so long."}}});
  return object(
      {.name = "policy",
       .title = "a policy",
       .doc = "One opinion about the size of a group.",
       .keys = {{"kind", choice({"target", "step", "schedule", "capacity", "pendingPods", "predictive"}), "",
                 "What kind of policy it is; the other keys depend on it.", kRequired},
                {"metric", choice({"cpu", "memory", "diskIops", "diskBytes", "networkBytes"}), "",
                 "target, step, predictive: what is measured by libvirt."},
                {"target", any_of({number(0, 1e15), percent()}), "",
                 "target, predictive: what is aimed at; with `full`, percent of it."},
                {"full", number(0, 1e15), "", "target: what counts as full."},
                {"tolerance", number(0, 10), "0.1", "target: no change within this."},
                {"window", duration(), "(scaling.window)", "target, step: trailing samples."},
                {"per", choice({"instance", "group"}), "", "target: a total that is shared out, or a ratio."},
                {"prometheus", prometheus, "", "target, step: a number from Prometheus."},
                {"influxdb", influxdb, "", "target, step: a number from InfluxDB."},
                {"http", http, "", "target, step: a number by HTTP; capacity: what each instance answers."},
                {"command", list(text(), 1), "", "target, step: argv that prints a number."},
                {"threshold", number(-1e15, 1e15), "", "step"},
                {"for", text(forms::kSomeOfSamples), "1/1", "step: so many of the last so many samples."},
                {"steps", list(step, 1), "", "step"},
                {"zone", text(forms::kTimeZone), "UTC", "schedule"},
                {"at", text(forms::kCron), "", "schedule: an event."},
                {"start", text(forms::kCron), "", "schedule: a window begins."},
                {"end", text(forms::kCron), "", "schedule: a window ends."},
                {"size", integer(0, kMaxGroupSize), "", "schedule"},
                {"min", integer(0, kMaxGroupSize), "", "schedule"},
                {"max", integer(0, kMaxGroupSize), "", "schedule"},
                {"catchUp", duration(), "10m", "schedule: an event that was missed still counts for so long."},
                {"perInstance", integer(1, kMaxCount), "", "capacity: resources of one instance."},
                {"minAvailable", integer(0, kMaxCount), "", "capacity: resources that are to be free at all times."},
                {"kubeconfig", text(forms::kPath), "", "pendingPods"},
                {"unneeded", unneeded, "", "pendingPods"},
                {"delayAfterAdd", duration(), "10m", "pendingPods"},
                {"mode", choice({"forecastOnly", "forecastAndScale"}), "forecastOnly", "predictive"}}});
}

}  // namespace

Type scaling_type() {
  const Type out_in =
      object({.name = "outIn",
              .title = "out and in",
              .doc = "One duration for growing, one for shrinking.",
              .keys = {{"out", duration(), "", "For growing."}, {"in", duration(), "", "For shrinking."}}});
  const Type rate_step = object({.name = "rateStep",
                                 .title = "a rate",
                                 .doc = "At most so many in so much time.",
                                 .keys = {{"instances", integer(1, kMaxGroupSize), "", "A number."},
                                          {"percent", integer(1, 10'000), "", "Or a share of the group."},
                                          {"per", duration(), "", "In so much time.", kRequired}},
                                 .exactly_one = {{"instances", "percent"}}});
  const Type rate = object(
      {.name = "rate",
       .title = "the rates",
       .doc = "How fast a group may grow and shrink; the largest counts.",
       .keys = {{"out", list(rate_step), "[{ instances: 4, per: 1m }, { percent: 100, per: 1m }]", "For growing."},
                {"in", list(rate_step), "[{ instances: 1, per: 1m }]", "For shrinking."}}});
  const Type breaker = object({.name = "breaker",
                               .title = "the breaker",
                               .doc = "More unready than both: nothing more is changed in this group.",
                               .keys = {{"unready", percent(), "45%", "A share of the group."},
                                        {"atLeast", integer(1, kMaxGroupSize), "3", "A number."}}});
  return object(
      {.name = "scaling",
       .title = "scaling",
       .doc = "How the size follows the load.",
       .keys = {{"min", integer(0, kMaxGroupSize), "", "Never fewer.", kRequired},
                {"max", integer(1, kMaxGroupSize), "", "Never more.", kRequired},
                {"increment", integer(1, kMaxGroupSize), "1", "Change by multiples of this."},
                {"evaluate", duration(), "(watch.interval)", "How often the policies are asked."},
                {"cooldown", any_of({duration(), out_in}), "{ out: 60s, in: 5m }",
                 "Rest after a change; or one duration for both."},
                {"stabilization", any_of({duration(), out_in}), "{ out: 0s, in: 5m }",
                 "How long the need must last; or one duration for both."},
                {"rate", rate, "", "How fast."},
                {"combine", choice({"max", "first"}), "max", "The largest opinion, or the first."},
                {"provisionTimeout", duration(), "15m", "Then an instance that never got ready is replaced."},
                {"breaker", breaker, "", "When to stop changing."},
                {"window", duration(), "1m", "Trailing samples that a policy looks at."},
                {"policies", map_of(forms::kName, scaling_sources_and_policies()), "", "By name, in order."}}});
}

}  // namespace vscale::table
