#include "engine/plan/books/unrecorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "engine/plan/images/image_volume.h"

namespace vscale {
namespace {

using Seen = UnrecordedDomain::Seen;

class Collector {
 public:
  explicit Collector(const RecordedState& recorded) : lineage_(recorded.lineage) {
    for (const auto& [address, instance] : recorded.instances) recorded_.insert(instance.uuid);
  }

  void add(const std::string& host, const HostSnapshot& snapshot, Seen seen) {
    for (const auto& domain : snapshot.domains) {
      const bool ours = domain.ownership && domain.ownership->lineage == lineage_;
      if (ours && recorded_.count(domain.uuid) == 0) found_.push_back({&host, &domain, seen});
    }
  }

  /// Hosts were added in order of their names.
  std::vector<UnrecordedDomain> take() {
    std::stable_sort(found_.begin(), found_.end(), [](const UnrecordedDomain& left, const UnrecordedDomain& right) {
      return left.seen < right.seen;
    });
    return std::move(found_);
  }

 private:
  const std::string& lineage_;
  std::unordered_set<std::string_view> recorded_;
  std::vector<UnrecordedDomain> found_;
};

}  // namespace

std::vector<UnrecordedDomain> unrecorded_domains(const RecordedState& recorded, const Config& config,
                                                 const Live& live) {
  Collector collector(recorded);
  for (const auto& [host, view] : live) {
    if (view.snapshot) collector.add(host, *view.snapshot, Seen::now);
  }
  for (const auto& [host, record] : recorded.hosts) {
    const auto view = live.find(host);
    if (!record.observed || (view != live.end() && view->second.snapshot)) continue;
    collector.add(host, *record.observed, find_host(config, host) != nullptr ? Seen::last : Seen::on_former_host);
  }
  return collector.take();
}

std::string show(const UnrecordedDomain& unrecorded) {
  const std::string& host = *unrecorded.host;
  const std::string text = fmt::format("domain {} on {}, which is not recorded", unrecorded.domain->name, host);
  switch (unrecorded.seen) {
    case Seen::now:
      return text + ",";
    case Seen::last:
      return fmt::format("{} and was there when {} last answered,", text, host);
    case Seen::on_former_host:
      return fmt::format("{} and was there when {} was still in the file,", text, host);
  }
  VSCALE_ASSERT(false, "a Seen without words");
}

bool may_stand_on_image(const UnrecordedDomain& unrecorded, const std::string& digest) {
  const std::string& own = unrecorded.mark().image_digest;
  return own.empty() || own == digest;
}

bool may_stand_on_copy(const UnrecordedDomain& unrecorded, const std::string& volume) {
  const std::string& own = unrecorded.mark().image_digest;
  return own.empty() || is_image_volume_of(own, volume);
}

}  // namespace vscale
