#include "providers/libvirt/libvirt_hosts.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "providers/libvirt/host/observe.h"
#include "providers/libvirt/impl.h"

namespace vscale {

LibvirtHosts::LibvirtHosts(const std::vector<HostConnection>& hosts, LibvirtOptions options, Clock& clock,
                           std::function<void()> end_sleep)
    : impl_(std::make_unique<Impl>(
          Impl{.clock = clock, .wake_up = std::make_shared<libvirt::WakeUp>(std::move(end_sleep)), .hosts = {}})) {
  for (const HostConnection& host : hosts) {
    auto entry = std::make_shared<libvirt::LibvirtHost>(host, options, impl_->wake_up);
    const bool is_new = impl_->hosts.emplace(host.name, std::move(entry)).second;
    VSCALE_ASSERT(is_new, "two hosts have one name");
  }
}

LibvirtHosts::~LibvirtHosts() {
  for (auto& [name, host] : impl_->hosts) host->begin_closing();
  const auto now = std::chrono::steady_clock::now();
  for (auto& [name, host] : impl_->hosts) host->wait_until_closed(now + host->options().close_timeout);
}

Result<libvirt::LibvirtHost*> LibvirtHosts::Impl::host(const std::string& name) const {
  if (const auto found = hosts.find(name); found != hosts.end()) return found->second.get();
  return Error{ErrorKind::unreachable, fmt::format("host \"{}\" is not in the configuration", name), "",
               "add it to `hosts:` again; what is on it is still there"};
}

std::map<std::string, Result<HostSnapshot>> LibvirtHosts::observe(const std::map<std::string, ObserveRequest>& hosts) {
  std::map<std::string, Result<HostSnapshot>> seen;
  std::map<std::string, libvirt::Looks::Waiting> looks;
  const Instant now = impl_->clock.now();
  for (const auto& [name, request] : hosts) {
    Result<libvirt::LibvirtHost*> host = impl_->host(name);
    if (host) {
      looks.emplace(name, (*host)->begin_look(request, now));
    } else {
      seen.emplace(name, host.error());
    }
  }
  for (auto& [name, look] : looks) seen.emplace(name, look.answer(hosts.at(name).patience));
  return seen;
}

void LibvirtHosts::listen_to(const std::set<std::string>& hosts) {
  for (const auto& [name, host] : impl_->hosts) host->listener().set_wanted(hosts.contains(name));
}

bool LibvirtHosts::sleep_between(Instant earliest, Instant latest) {
  return impl_->wake_up->sleep_between(impl_->clock, earliest, latest);
}

}  // namespace vscale
