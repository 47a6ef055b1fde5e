#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/plan/reconcile.h"

namespace vscale {

/// What the command line narrows a plan to: --target, --exclude and --replace, read and checked.
class Scope {
 public:
  /// What a word on the command line may mean: every group and instance that is wanted or recorded, or has
  /// left disks behind, every host.
  struct Known {
    std::set<std::string> groups;                             ///< `group.web`, `machine.db1`
    std::set<std::string> instances;                          ///< `group.web[2]`
    std::set<std::string> hosts;                              ///< `kvm1`
    std::map<std::string, std::set<std::string>> depends_on;  ///< By group.
    std::set<std::string> standing;                           ///< Groups with a recorded instance.
  };

  /// Words that mean nothing are returned for messages, in the order given. `destroying` turns dependencies round: with
  /// a whole group goes what depends on it, unless nothing stands of it any more but disks.
  std::vector<std::string> read(const PlanOptions& options, const Known& known, bool destroying);

  /// Is this instance of that group to be planned at all?
  [[nodiscard]] bool includes(const std::string& group, const std::string& instance) const;
  /// The target that this group was taken along with, since one of them depends on the other; empty if it, or an
  /// instance of it, was named itself.
  [[nodiscard]] std::string taken_along_with(const std::string& group) const;
  /// Is the host to be left alone?
  [[nodiscard]] bool excludes_host(const std::string& host) const { return excluded_hosts_.count(host) != 0; }
  /// Was it asked for by --replace?
  [[nodiscard]] bool replaces(const std::string& group, const std::string& instance) const;
  /// Does the command line narrow anything?
  [[nodiscard]] bool is_narrowed() const { return targeted_ || !excluded_.empty() || !excluded_hosts_.empty(); }

 private:
  bool targeted_ = false;
  std::map<std::string, std::string> taken_along_;                        // group -> the target
  std::set<std::string> targets_, excluded_, replaced_, excluded_hosts_;  // addresses of groups and of instances
};

}  // namespace vscale
