#pragma once

#include <string>
#include <vector>

#include "engine/plan/reconcile.h"
#include "engine/recorded/recorded_state.h"

/// Machines that the file calls otherwise than the record: what is recorded there is theirs, kept disks and copies of
/// images too. Inside engine/plan only.

namespace vscale {

struct RenamedHost {
  std::string from, to;  ///< `from` has left the file.
  std::vector<RecordChange> changes;
  int instances = 0, kept_disks = 0, image_copies = 0;
};

/// By what libvirt says of the machine, name and UUID both; a machine that does not tell them is never taken for
/// another. Only what it shows under its new name is followed: a domain that runs, or is defined, with all its disks,
/// a volume of no instance, a copy of an image. Whatever it does not show stays recorded where it was, as unknown.
/// Pure; in order of `from`. A host of which nothing is followed is not among them.
std::vector<RenamedHost> renamed_hosts(const PlanInput& input);

/// "was kvm1: 2 instances, 1 kept disk", for a person.
std::string show(const RenamedHost& renamed);

}  // namespace vscale
