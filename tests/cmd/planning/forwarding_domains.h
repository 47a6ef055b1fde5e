#pragma once

#include <map>
#include <string>

#include "engine/ports/domains.h"

namespace vscale::test {

/// Passes everything on: for tests that change one answer, or look at what is asked.
class ForwardingDomains : public Domains {
 public:
  explicit ForwardingDomains(Domains& domains) : domains_(domains) {}
  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override {
    return domains_.observe(hosts);
  }
  Result<void> define_domain(const std::string& host, const DomainSpec& spec) override {
    return domains_.define_domain(host, spec);
  }
  Result<void> start_domain(const DomainRef& domain) override { return domains_.start_domain(domain); }
  Result<StopOutcome> stop_domain(const DomainRef& domain, Duration grace) override {
    return domains_.stop_domain(domain, grace);
  }
  Result<void> undefine_domain(const DomainRef& domain) override { return domains_.undefine_domain(domain); }
  Result<DomainState> domain_state(const DomainRef& domain) override { return domains_.domain_state(domain); }
  Result<void> change_domain(const DomainRef& domain, const DomainChange& change) override {
    return domains_.change_domain(domain, change);
  }

 private:
  Domains& domains_;
};

}  // namespace vscale::test
