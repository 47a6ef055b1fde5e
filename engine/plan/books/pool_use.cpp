#include "engine/plan/books/pool_use.h"

#include <algorithm>
#include <variant>

namespace vscale {
namespace {

/// Or stands on what is there: a domain whose disk or seed is gone does not start.
bool works_in_pool(const ActionDetail& detail) {
  return std::holds_alternative<StartDomain>(detail) || std::holds_alternative<UploadImage>(detail) ||
         std::holds_alternative<DeleteImage>(detail) || std::holds_alternative<CreateVolume>(detail) ||
         std::holds_alternative<ResizeVolume>(detail) || std::holds_alternative<DeleteVolume>(detail) ||
         std::holds_alternative<WriteSeed>(detail);
}

/// Which of its disks came along is for the pools to say.
bool follows(const Change& change) {
  return std::any_of(change.reasons.begin(), change.reasons.end(), [](const Reason& reason) {
    return reason.rule == Rule::moved_outside || reason.rule == Rule::host_renamed;
  });
}

/// A disk that is missing, or a file that should not be there.
bool wonders_at_a_pool(const Plan& plan) {
  return std::any_of(plan.diagnostics.begin(), plan.diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.code == "disk_lost" || diagnostic.code == "snapshot_left" ||
           diagnostic.code == "pool_looks_shared";
  });
}

}  // namespace

bool relies_on_pools(const Plan& plan) {
  return plan.errored || wonders_at_a_pool(plan) || std::any_of(plan.changes.begin(), plan.changes.end(), follows) ||
         std::any_of(plan.actions.begin(), plan.actions.end(),
                     [](const Action& action) { return works_in_pool(action.detail); });
}

}  // namespace vscale
