#pragma once

#include "schemas/language/language.h"

/// The sections of the file, each of them the table of its keys. Internal to the language.

namespace vscale::table {

// installation.cpp: what there is once.
Type variable_type();
Type state_type();
Type limits_type();
Type metrics_type();
Type watch_type();

// hosts.cpp: what instances stand on.
const ObjectType* host_object();
Type image_type();
Type storage_type();
Type network_type();

// template.cpp, scaling.cpp, rollout.cpp, group.cpp: groups and machines.
const std::vector<Key>& template_keys();  ///< Shared by templates and machines.
const ObjectType* template_object();
Type scaling_type();
Type update_type();
Type health_type();
Type hooks_type();
const ObjectType* group_object();
const ObjectType* machine_object();

}  // namespace vscale::table
