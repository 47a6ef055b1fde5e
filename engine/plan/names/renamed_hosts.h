#pragma once

#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/recorded/recorded_state.h"

/// Machines that the file calls otherwise than the record: what is recorded there is theirs, kept disks and copies of
/// images too.

namespace vscale {

struct RenamedHost {
  std::string from, to;
  int instances = 0, kept_disks = 0, image_copies = 0;  ///< What is recorded there.
};

/// By what libvirt says of the machine, name and UUID both; one that does not tell them is never taken for another. The
/// old name has left the file, or another machine answers to it: one that only does not answer keeps its name. Pure; in
/// order of `from`.
std::vector<RenamedHost> renamed_hosts(const Config& config, const RecordedState& recorded, const Live& live);
/// What the record has to say then.
RecordChange record_of(const RenamedHost& renamed);

/// The record as it is then.
RecordedState followed(RecordedState recorded, const std::vector<RenamedHost>& renamed);

/// "was kvm1: 2 instances, 1 kept disk", for a person.
std::string show(const RenamedHost& renamed);

}  // namespace vscale
