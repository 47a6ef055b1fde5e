#include "engine/desired/spec_hash.h"

#include <fmt/format.h>

#include "engine/desired/field_table.h"
#include "engine/values/digest.h"
#include "engine/values/result.h"

namespace vscale {
namespace {

constexpr const char* kVersionPrefix = "1:";
constexpr std::size_t kTagDigits = 6;
constexpr std::size_t kTagsAt = 2 + 64 + 1;  // behind the version, the digest and a colon
const std::string kDefaultTag(kTagDigits, '0');

std::string tag_of(const std::string& canonical) {
  return canonical.empty() ? kDefaultTag : sha256_hex(canonical).substr(0, kTagDigits);
}

/// The tag of the field at `index`; a hash from before the field existed has it at its default.
std::string tag_at(const std::string& hash, std::size_t index) {
  const std::size_t at = kTagsAt + index * kTagDigits;
  return at + kTagDigits <= hash.size() ? hash.substr(at, kTagDigits) : kDefaultTag;
}

std::string digest_in(const std::string& hash) {
  return hash.substr(0, kTagsAt);
}

}  // namespace

std::string spec_hash(const Template& instance, const std::string& image_digest) {
  const FieldSource source{instance, image_digest};
  std::string text;
  std::string tags;
  for (const auto& field : field_table()) {
    if (field.canonical == nullptr) continue;
    const std::string canonical = field.canonical(source);
    tags += tag_of(canonical);
    if (!canonical.empty()) text += fmt::format("{}={}:{}\n", field.name, canonical.size(), canonical);
  }
  return kVersionPrefix + sha256_hex(text) + ":" + tags;
}

bool is_current_spec_hash(const std::string& hash) {
  return hash.starts_with(kVersionPrefix) && hash.size() >= kTagsAt && hash[kTagsAt - 1] == ':';
}

std::vector<std::string> fields_that_differ(const std::string& recorded, const std::string& desired) {
  VSCALE_ASSERT(is_current_spec_hash(recorded) && is_current_spec_hash(desired), "only current hashes are compared");
  std::vector<std::string> names;
  if (digest_in(recorded) == digest_in(desired)) return names;
  std::size_t index = 0;
  for (const auto& field : field_table()) {
    if (field.canonical == nullptr) continue;
    if (tag_at(recorded, index) != tag_at(desired, index)) names.emplace_back(field.name);
    ++index;
  }
  // Tags are short: two values may share one by chance. The digests differ, so something does.
  if (names.empty()) names.emplace_back("template");
  return names;
}

}  // namespace vscale
