#pragma once

#include <optional>
#include <vector>

#include "engine/plan/planning.h"

namespace vscale {

/// The name must be nobody else's, on any host: not a foreign domain's, not that of another instance of ours, which may
/// have moved here from another group and kept its name. Otherwise an error, and false.
bool check_name(Planning& planning, const GroupPlan& plan, const Decision& decision, const std::string& name);

/// The record that a new incarnation begins with: who it is, where, with which cards. What stands in its way (a name,
/// an address or a volume that is taken) becomes an error, and then there is none.
std::optional<InstanceRecord> new_incarnation(Planning& planning, const GroupPlan& plan, Decision& decision);

/// What the file says of the group and needs nothing on a host.
void record_settings(const Group& group, InstanceRecord& instance);
/// All that is recorded of the template, as of an instance that is made from it now; record_settings() with it.
void record_template(const GroupPlan& plan, InstanceRecord& instance);

/// The chain that makes it: pool.ensure and image.upload where they are needed, instance.claim, volumes, seed, domain,
/// start, gates, hooks. `needs` come before the claim; the image is sent at once, since it disturbs nobody. Returns the
/// id of what ends it.
int lay_out_creation(Planning& planning, GroupPlan& plan, Decision& decision, const InstanceRecord& instance,
                     std::vector<int> needs);

/// Waits until the instance is available, and runs its hooks then. Returns what ends that.
int lay_out_readiness(Planning& planning, const GroupPlan& plan, const Decision& decision,
                      const InstanceRecord& instance, std::vector<int> needs);

/// The hook for the instance as `instance` has it, with the rule that the decision is for.
RunHook hook_run(RunHook::When when, const Hook& hook, const Decision& decision, const InstanceRecord& instance);

/// The actions that turn on the pools of its volumes, where they are off; each once per plan.
std::vector<int> lay_out_pools(Planning& planning, const InstanceAddress& owner, const std::string& host);

/// The copy of the image that is on the host, or on what it shares, whole; nullptr: there is none.
const ImageCopyRecord* complete_copy(const Planning& planning, const std::string& host, const std::string& pool,
                                     const std::string& digest);

/// The actions that bring pool and image to the host, where they are not there yet; each once per plan.
std::vector<int> lay_out_preparation(Planning& planning, const GroupPlan& plan, Decision& decision,
                                     const std::string& host);

/// `nics`: with the addresses that the guest is to take, and none that were learned.
WriteSeed seed_of(const InstanceRecord& instance, const VolumeRecord& volume, std::vector<GuestNic> nics,
                  bool replace_existing);

/// What the domain of the instance says of itself: with its static addresses, but not those that were found by lease or
/// agent.
Ownership mark_of(const Planning& planning, const Group& group, const InstanceRecord& instance);

/// Is the card's address ours to give? Else it was learned: also where it was recorded before that was.
bool is_static(const Planning& planning, const Group& group, const GuestNic& nic);

/// What a guest that is made now is told of the card's network, if its address is static.
std::string settings_of(const Planning& planning, const GuestNic& nic);

/// The domain as it is to be defined: from `made_of`, which is the template or what an instance follows of it, from the
/// record and its recorded volumes.
DomainSpec domain_spec(const Planning& planning, const Group& group, const Template& made_of,
                       const InstanceRecord& instance, const std::vector<VolumeRecord>& volumes);

}  // namespace vscale
