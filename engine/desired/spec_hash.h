#pragma once

#include <string>
#include <vector>

#include "engine/desired/template.h"

/// The part of a template that an instance cannot be given in place, as one comparable word. Two instances with equal
/// hashes are interchangeable, whatever their sizes, keys, places and names are.

namespace vscale {

/// `1:HEX:TAGS`: a version, a SHA-256 over the fields that replace (engine/desired/field_table.h), and six digits for
/// each of them, so that a difference can be named without the old values being kept. User-data goes in with secrets
/// and facts of the instance left as `${…}`: text that holds no secret, so that neither its digest nor its digits give
/// one away. What is equal to its default does not count, nor do vcpus, memory, sizes, keys for ssh, placement or
/// health.
std::string spec_hash(const Template& instance, const std::string& image_digest);

/// Made by this version of the rules? Others are not compared: what they stand for is not known.
bool is_current_spec_hash(const std::string& hash);

/// The names of the fields that differ, in the table's order; empty for equal hashes. Both must be current.
std::vector<std::string> fields_that_differ(const std::string& recorded, const std::string& desired);

}  // namespace vscale
