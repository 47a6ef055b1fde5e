#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"

namespace vscale::table {

Type variable_type() {
  Type anything = text(forms::kAny);
  anything.fill = Type::Fill::later;
  return object(
      {.name = "variable",
       .title = "a variable",
       .doc = "What `${var.NAME}` stands for: --var, --var-file, VSCALE_VAR_NAME, else the default.",
       .keys = {{"default", anything, "", "What it is if nobody gives it; may hold `${var.x}` and `${env.X}`."},
                {"sensitive", boolean(), "false",
                 "Never printed, never stored in clear, never a reason to replace an instance. Its default can only be "
                 "made of `${env.X}` and `${var.x}`."}}});
}

Type state_type() {
  const Type backup = object({.name = "backup",
                              .title = "a backup",
                              .doc = "Copies of the statefile.",
                              .keys = {{"keep", integer(0, 10'000), "10",
                                        "How many are kept; 0: none is made, and those that are there stay."},
                                       {"every", duration(), "", "Also one at this interval, by `vscale watch`."}}});
  const Type sqlite = object({.name = "sqlite",
                              .title = "the statefile",
                              .doc = "Where vscale remembers what it did.",
                              .keys = {{"path", text(forms::kPath), "vscale.db", "Beside the file that names it."},
                                       {"backup", backup, "", "Copies; there is always one before an apply."}}});
  return object({.name = "state",
                 .title = "the state",
                 .doc = "The statefile.",
                 .keys = {{"sqlite", sqlite, "", "A SQLite file."}}});
}

Type limits_type() {
  return object({.name = "limits",
                 .title = "the limits",
                 .doc = "How much may happen at once; binds plan, apply and watch.",
                 .keys = {{"destroy", integer(0, kMaxCount), "",
                           "Instances that one plan may destroy, replacements not counted; none for apply by hand, 1 "
                           "per tick for watch."},
                          {"replace", amount(), "", "Of a group in one plan."},
                          {"parallel", integer(1, 1000), "10", "Actions at once."},
                          {"perHost", integer(1, 1000), "4", "Of them on one host."},
                          {"uploads", integer(1, 100), "2", "Uploads to one host at once."},
                          {"booting", integer(1, 1000), "4", "Instances that boot on one host at once."}}});
}

Type metrics_type() {
  const Type influxdb = object({.name = "influxdb",
                                .title = "an InfluxDB",
                                .doc = "Samples are written on to it.",
                                .keys = {{"url", text(forms::kUrl), "", "Its address.", kRequired},
                                         {"database", text(), "", "Its database.", kRequired},
                                         {"username", filled_for_instance(), "", "May be a secret."},
                                         {"password", filled_for_instance(), "", "May be a secret."}}});
  return object(
      {.name = "metrics",
       .title = "the metrics",
       .doc = "What is measured and how long it is kept.",
       .keys = {
           {"interval", duration(), "15s", "Between collections."},
           {"retention", duration(), "24h",
            "The most that raw samples are kept: as long as the longest window needs. No policy looks back further."},
           {"history", duration(), "14d", "How long aggregates per group are kept."},
           {"path", text(forms::kPath), "vscale-metrics.db", "Apart from the statefile: losing it loses no VM."},
           {"influxdb", influxdb, "", "Where samples are written on to."}}});
}

Type watch_type() {
  const Type tls = object({.name = "tls",
                           .title = "tls",
                           .doc = "Certificate and key.",
                           .keys = {{"cert", text(forms::kPath), "", "PEM file.", kRequired},
                                    {"key", text(forms::kPath), "", "PEM file.", kRequired}}});
  const Type check_in = object({.name = "checkIn",
                                .title = "checkIn",
                                .doc = "Where guests call back.",
                                .keys = {{"listen", text(forms::kEndpoint), "", "Where vscale listens.", kRequired},
                                         {"advertise", text(forms::kUrl), "", "What guests are told.", kRequired},
                                         {"tls", tls, "", "Certificate and key."}}});
  const Type notify = object({.name = "notify",
                              .title = "a notification",
                              .doc = "A webhook that hears of events.",
                              .keys = {{"webhook", text(forms::kUrl), "", "Where to post.", kRequired},
                                       {"events", list(choice({"scaled", "healed", "hostLost", "rollback", "failed"})),
                                        "", "Which.", kRequired}}});
  return object({.name = "watch",
                 .title = "watch",
                 .doc = "The loop.",
                 .keys = {{"interval", duration(), "15s", "Between ticks."},
                          {"follow", choice({"applied", "file"}), "applied",
                           "What `vscale apply` last accepted, or what the file says now."},
                          {"drift", choice({"repair", "report"}), "repair", "What to do about drift."},
                          {"hostDeadAfter", duration(), "60s", "Without an answer for so long a host counts as lost."},
                          {"witness", list(text(forms::kHostAddress)), "",
                           "Addresses that tell \"the host is gone\" from \"I am cut off\"."},
                          {"listen", text(forms::kEndpoint), "", "Metrics, health and status; off unless given."},
                          {"checkIn", check_in, "", "Where guests call back."},
                          {"notify", list(notify), "", "Who hears of events."}}});
}

}  // namespace vscale::table
