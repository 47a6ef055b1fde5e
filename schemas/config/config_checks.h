#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/scaling/schedule/cron.h"
#include "schemas/variables/substitution.h"
#include "schemas/yaml/yaml_tree.h"

/// What can only be seen with the whole configuration in hand: references, ranges against each other, addresses, names.

namespace vscale {

/// May a host's key or certificate go unchecked? Only where whoever runs vscale has said so outside of the file.
enum class UnverifiedHosts { refused, allowed };

class ConfigChecks {
 public:
  /// `root`: the tree that `config` was made from; `places`: where each value of it was written.
  ConfigChecks(Config& config, const Node& root, const std::map<std::string, Place>& places, Reporter& reporter)
      : config_(config), root_(root), places_(places), reporter_(reporter) {}

  /// Reports everything, and turns names of groups in dependsOn and antiAffinity into addresses.
  void run(const std::vector<AddressMention>& mentions, UnverifiedHosts unverified);

 private:
  // config_checks.cpp
  void check_images();
  void check_names();
  void check_moves();
  void check_circles_of_moves();
  void check_removals();
  void check_survive();
  void check_durations();
  void check_mentions(const std::vector<AddressMention>& mentions);

  // network_checks.cpp
  void check_networks();
  void check_network(const Network& network);
  void check_pool(const Network& network);
  void check_range(const Network& network, const AddressRange& range, const Place& where);
  [[nodiscard]] const Network* pool_around(const Network& network, std::uint32_t address) const;
  void check_gateway(const Network& network, const std::string& path);
  void check_name_server(const Network& network, const std::string& server, const std::string& path);
  void check_pools_between_networks();
  void check_nic(const Group& group, const NicSpec& nic, const std::string& path);
  void check_mac(const std::string& subject, const std::string& mac, const std::string& path);
  void check_fixed_address(const std::string& subject, const Network& network, const std::string& text,
                           const std::string& path);
  void check_beside_others(const std::string& subject, const Network& network, const std::string& text,
                           const std::string& path);
  [[nodiscard]] std::string segment_of(const std::string& name) const;
  void check_fixed_addresses();
  void check_pool_sizes();

  // host_checks.cpp
  void check_hosts(UnverifiedHosts unverified);
  void check_host_loss(const Group& group);
  void check_witness();

  // group_checks.cpp
  void check_group(Group& group);
  void check_template(const Group& group);
  void check_networks_of(const Group& group);
  void check_own_address(const Group& group);
  void check_disks(const Group& group);
  void check_hosts_of(const Group& group);
  void check_placement(Group& group);
  void check_dependencies(Group& group);
  void check_dependency_cycles();
  void check_update(const Group& group);
  void check_only_rolling(const Group& group);
  void check_steps(const Group& group);
  void check_share(const Group& group, const Amount& amount, const std::string& path, const std::string& what);
  void check_gates(const Group& group);
  void check_gate(const Group& group, const Entry& gate, const std::string& path);
  [[nodiscard]] bool has_no_network(const Group& group) const;
  void check_hooks(const Group& group);
  void check_hook(const Group& group, const Hook& hook, const std::string& when, const std::string& path);
  [[nodiscard]] bool has_pool(const Network& network) const;
  void check_size(const Group& group);
  std::string resolve_group(const Group& from, const std::string& written_name, const std::string& path);

  // scaling_checks.cpp
  void check_scaling(const Group& group);
  void check_lifts_from_zero(const Scaling& scaling, const std::string& path, const std::string& subject);
  void check_looks_back(const std::string& path, Duration window, const std::string& subject);
  void check_policy(const ScalingPolicy& policy, const Node& node, const std::string& path, const std::string& subject);
  void check_scaling_steps(const ScalingPolicy& policy, const std::string& path, const std::string& subject);
  void check_schedule(const ScalingPolicy& policy, const Scaling& scaling, const Node& node, const std::string& path,
                      const std::string& subject);
  std::optional<Cron> check_comes(const std::string& text, const std::string& path, const std::string& subject);
  void check_schedule_effect(const ScalingPolicy& policy, const Node& node, const std::string& path,
                             const std::string& subject);
  void check_reach_of_schedule(const ScalingPolicy& policy, const Scaling& scaling, const std::string& path,
                               const std::string& subject);
  void check_event_is_seen(const ScalingPolicy& policy, const Scaling& scaling, const std::string& path,
                           const std::string& subject);

  // Both give false, and the finding is not worth making, for what was not written or was reported already.
  [[nodiscard]] bool written(const std::string& path) const { return places_.contains(path); }
  [[nodiscard]] const Group* group_at(const std::string& address) const;  ///< `group.web`; nullptr if there is none.
  [[nodiscard]] const Node& node_of(const Group& group) const;
  /// True also if what stands there was reported.
  [[nodiscard]] bool has_in_template(const Group& group, std::string_view key) const;
  [[nodiscard]] bool section_is_broken(const std::string& name) const;
  /// Of `path`, or of the nearest thing around it.
  [[nodiscard]] Place at(std::string path) const;
  /// `"debian-13" does not exist`, with what there is, and what was probably meant or else `otherwise`; nothing if the
  /// section itself was reported.
  void report_missing(const std::string& path, const std::string& subject, const std::string& section,
                      const std::string& name, const std::vector<std::string>& known,
                      const std::string& otherwise = "");
  void positive(const std::string& path, Duration value, const std::string& subject);
  [[nodiscard]] std::vector<std::string> label_keys() const;

  template <class Things>
  [[nodiscard]] static std::vector<std::string> names_of(const Things& things) {
    std::vector<std::string> names;
    for (const auto& thing : things) names.push_back(thing.name);
    return names;
  }
  [[nodiscard]] static bool is_machine(const Group& group) { return group.kind == InstanceAddress::Kind::machine; }
  [[nodiscard]] static std::string path_of(const Group& group);           // groups.web
  [[nodiscard]] static std::string template_path_of(const Group& group);  // groups.web.template, machines.db1
  [[nodiscard]] static std::string subject_of(const Group& group);        // group "web"

  Config& config_;
  const Node& root_;
  const std::map<std::string, Place>& places_;
  Reporter& reporter_;
  std::map<std::string, const Group*> groups_;  // by address
};

}  // namespace vscale
