#include "providers/libvirt/host/memory_tellers.h"

#include <fmt/format.h>

#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host.h"
#include "providers/libvirt/link/libvirt_error.h"

namespace vscale::libvirt {
namespace {

/// So many are told after one look. The others have their turn after the next ones.
constexpr std::size_t kToldAtOnce = 16;

Result<void> make_it_tell(virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain) return domain.error();
  // One that has no definition any more is told live only.
  for (const unsigned where :
       {unsigned{VIR_DOMAIN_AFFECT_LIVE} | unsigned{VIR_DOMAIN_AFFECT_CONFIG}, unsigned{VIR_DOMAIN_AFFECT_LIVE}}) {
    if (virDomainSetMemoryStatsPeriod(domain->get(), kMemoryStatsPeriodS, where) == 0) return {};
  }
  return last_failure().told(
      fmt::format("host \"{}\": {} does not tell of its memory", ref.host, called(domain->get())));
}

}  // namespace

std::vector<DomainRef> MemoryTellers::take_some(const std::vector<DomainRef>& untold, const std::set<std::string>& up) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(told_, [&](const std::string& uuid) { return !up.contains(uuid); });
  std::vector<DomainRef> some;
  if (under_way_) return some;
  for (const DomainRef& domain : untold) {
    if (some.size() < kToldAtOnce && told_.insert(domain.uuid).second) some.push_back(domain);
  }
  under_way_ = !some.empty();
  return some;
}

void MemoryTellers::begin_to_tell(HostLink& link, const std::vector<DomainRef>& untold,
                                  const std::set<std::string>& up) {
  const std::vector<DomainRef> some = take_some(untold, up);
  if (some.empty()) return;
  const auto telling =
      link.start<void>(Lane::request, "let its guests tell of their memory",
                       [self = shared_from_this(), some](virConnectPtr connection, Progress& progress) {
                         self->tell(connection, some, progress);
                         return Result<void>{};
                       });
  if (!telling.started()) end(some);
}

void MemoryTellers::tell(virConnectPtr connection, const std::vector<DomainRef>& domains, Progress& progress) {
  std::vector<DomainRef> not_told;
  for (const DomainRef& domain : domains) {
    const Result<void> told = make_it_tell(connection, domain);
    ++progress;
    if (!told && told.error().kind == ErrorKind::unreachable) not_told.push_back(domain);
  }
  end(not_told);
}

void MemoryTellers::end(const std::vector<DomainRef>& not_told) {
  const std::scoped_lock lock(mutex_);
  under_way_ = false;
  for (const DomainRef& domain : not_told) told_.erase(domain.uuid);
}

}  // namespace vscale::libvirt
