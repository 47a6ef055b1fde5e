#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "tests/engine/simulation/played_world.h"

/// What tests of reconcile() begin with, and what they ask of a plan.

namespace vscale::test {

using Words = std::vector<std::string>;

/// A world in which the first plan has been carried out, so that there is nothing left to do.
PlayedWorld running(Config config);
/// Likewise, with the groups on two hosts (config_with()).
PlayedWorld running(std::vector<Group> groups);

/// Likewise, with web-0 on kvm1, and on kvm2 the kept disk of web-1, which is gone.
PlayedWorld with_kept_disk();

/// After a look at it, a host is called otherwise in the file: the same machine answers.
void rename_host(PlayedWorld& world, const std::string& from, const std::string& to);

/// Somebody moves a domain to another host, with its disks.
void move_by_hand(PlayedWorld& world, const std::string& name, const std::string& from, const std::string& to);

/// "create web-0", in the plan's order; images are left out.
Words changes(const Plan& plan);
/// The codes of its diagnostics, in order.
Words codes(const Plan& plan);
/// Its only diagnostic, which makes it errored; anything else is a failure of the test.
const Diagnostic& only_error(const Plan& plan);
/// Does a change of the instance give this reason?
bool has_reason(const Plan& plan, const std::string& address, Rule rule);
/// The one action of this kind at the address; another number of them is a failure of the test.
const Action& only_action(const Plan& plan, const std::string& kind, const std::string& address);
int count_kind(const Plan& plan, const std::string& kind);
/// Everything that an action waits for, near and far.
std::set<int> all_before(const Plan& plan, int id);

}  // namespace vscale::test
